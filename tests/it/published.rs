//! GitHub's published descriptions, for whoever holds the stand-in's traffic to them: of REST as JSON Schema, of GraphQL
//! as its schema. A question has to be valid, and executed upon its own answer it has to give just that answer.

use std::sync::{Arc, LazyLock};

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use countersign::forge::github::{GitHub, GitHubAuth, GitHubConfig};
use countersign::ports::{SealDepth, Secret};
use countersign_core::change::{ChangeId, RepoId};
use countersign_sim::{Contract, NewSeal, SealedBy, Sim, SimConfig};
use serde_json::{Map, Value, json};

/// Both, read once: to read them takes a while.
pub(crate) fn contract() -> Arc<Contract> {
    static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| {
        let rest = Contract::from_json(include_str!("../contracts/github.json")).unwrap();
        Arc::new(rest.with_questions(Box::new(wrong)))
    });
    Arc::clone(&CONTRACT)
}

static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let text = include_str!("../contracts/github.graphql");
    Schema::parse_and_validate(text, "github.graphql").unwrap_or_else(|errors| panic!("{errors}"))
});

/// What is wrong with a question and its answer.
fn wrong(asked: &Value, answered: &Value) -> Vec<String> {
    let judged = execute(asked, answered);
    judged.err().map(|why| format!("GraphQL: {why}, in {answered} to {asked}")).into_iter().collect()
}

fn execute(asked: &Value, answered: &Value) -> Result<(), String> {
    let members = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(Map::keys).cloned().collect()
    };
    if members(asked) != ["query", "variables"] {
        return Err(format!("a question is a query and its variables, not {:?}", members(asked)));
    }
    let query = asked["query"].as_str().ok_or("the query is no text")?;
    let query = ExecutableDocument::parse_and_validate(&SCHEMA, query, "query")
        .map_err(|errors| errors.to_string())?;
    let operation = query.operations.get(None).map_err(|error| error.message().to_string())?;
    for given in members(&asked["variables"]) {
        if operation.variables.iter().all(|variable| variable.name != given.as_str()) {
            return Err(format!("the query has no variable {given}"));
        }
    }
    let objections = answered["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let worded = |objection: &Value| objection["message"].is_string();
    let known = members(answered).iter().all(|name| name == "data" || name == "errors");
    if !known || !objections.iter().all(worded) || (objections.is_empty() && answered.get("errors").is_some())
    {
        return Err("an answer is data, errors with a message, or both".to_owned());
    }
    let none = Map::new();
    let root = Part { kind: "Query".to_owned(), members: answered["data"].as_object().unwrap_or(&none) };
    let variables: JsonMap =
        serde_json::from_value(asked["variables"].clone()).map_err(|error| error.to_string())?;
    let told = Execution::new(&SCHEMA, &query).raw_variable_values(&variables).execute_sync(&root);
    let told = told.map_err(|error| error.message().to_string())?;
    if answered["data"].is_null() && !objections.is_empty() {
        return Ok(());
    }
    if let Some(error) = told.errors.first() {
        return Err(error.message.clone());
    }
    match json!(told.data) == answered["data"] {
        true => Ok(()),
        false => Err(format!("the answer to that would be {}", json!(told.data))),
    }
}

/// An object of an answer, and the type that it is.
struct Part<'a> {
    kind: String,
    members: &'a Map<String, Value>,
}

impl ObjectValue for Part<'_> {
    fn type_name(&self) -> &str {
        &self.kind
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let value = self.members.get(info.field_name()).ok_or_else(|| self.unknown_field_error(info))?;
        let kind = info.field_definition().ty.inner_named_type();
        Ok(resolved(value, kind, info.schema().get_interface(kind).is_some()))
    }
}

/// Where an interface stands, the answer has to say which of its types it is.
fn resolved<'a>(value: &'a Value, kind: &'a str, interface: bool) -> ResolvedValue<'a> {
    match value {
        Value::Object(members) => {
            let own = members.get("__typename").and_then(Value::as_str).filter(|_| interface);
            ResolvedValue::object(Part { kind: own.unwrap_or(kind).to_owned(), members })
        }
        Value::Array(items) => {
            ResolvedValue::list(items.iter().map(move |item| resolved(item, kind, interface)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            ResolvedValue::leaf(serde_json::from_value::<JsonValue>(value.clone()).unwrap())
        }
    }
}

#[test]
fn what_is_wrong_with_a_question_or_an_answer_is_found() {
    let query =
        "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
        pullRequest(number: $number) { commits(first: 1) { nodes { commit {
            oid signature { __typename state signer { login } ... on GpgSignature { keyId } } } } } } } }";
    let variables = json!({ "owner": "acme", "name": "shop", "number": 7 });
    let commits = |nodes: Value| json!({ "data": { "repository": { "pullRequest": { "commits": { "nodes": nodes } } } } });
    let signed = |seal: Value| commits(json!([{ "commit": { "oid": "1", "signature": seal } }]));
    let seal = json!({ "__typename": "GpgSignature", "state": "VALID", "signer": null, "keyId": "1" });
    let ssh = json!({ "__typename": "SshSignature", "state": "VALID", "signer": { "login": "ann" } });
    let but = |name: &str, value: Value| {
        let mut seal = seal.clone();
        seal[name] = value;
        signed(seal)
    };
    let objection = json!([{ "message": "Could not resolve", "type": "NOT_FOUND" }]);
    let check = |query: &str, variables: &Value, answer: Value, complaint: &str| {
        let found = wrong(&json!({ "query": query, "variables": variables }), &answer).join("\n");
        assert!(
            found.contains(complaint) && found.is_empty() == complaint.is_empty(),
            "{complaint}: {found}"
        );
    };
    for sound in [
        signed(seal.clone()),
        signed(ssh.clone()),
        signed(Value::Null),
        commits(json!([null])),
        commits(Value::Null),
        json!({ "data": { "repository": null }, "errors": objection }),
        json!({ "data": null, "errors": objection }),
    ] {
        check(query, &variables, sound, "");
    }
    for (answer, complaint) in [
        (but("state", json!("FINE")), "FINE"),
        (but("state", Value::Null), "null"),
        (but("signer", json!({})), "login"),
        (but("signer", json!({ "login": "ann", "email": "a" })), "the answer to that would be"),
        (but("keyFingerprint", json!("x")), "the answer to that would be"),
        (but("__typename", json!("Signature")), "Signature"),
        (but("__typename", Value::Null), "GitSignature"),
        (but("keyId", json!({})), "keyId"),
        (commits(json!({})), "list"),
        (json!({ "data": { "repository": null }, "errors": [{}] }), "errors with a message"),
        (json!({ "message": "no" }), "an answer is data"),
    ] {
        check(query, &variables, answer, complaint);
    }
    let sound = || signed(seal.clone());
    check(&query.replace("keyId", "keyIds"), &variables, sound(), "keyIds");
    check(&query.replace("GpgSignature", "PgpSignature"), &variables, sound(), "PgpSignature");
    check(&query.replace("first: 1", "first: \"1\""), &variables, sound(), "first");
    check(query, &json!({ "owner": "acme", "name": "shop" }), sound(), "number");
    check(query, &json!({ "owner": "acme", "name": "shop", "number": "7" }), sound(), "number");
    check(query, &json!({ "owner": "acme", "name": "shop", "number": 7, "x": 1 }), sound(), "no variable x");
    assert_eq!(wrong(&json!({ "query": query }), &sound()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_stand_in_that_is_against_the_schema_is_complained_of() {
    let sim = Sim::start(SimConfig { contract: Some(contract()), ..SimConfig::strict() }).await.unwrap();
    let ana = sim.add_user("ana").unwrap();
    sim.create_repo("ana", "shop").await.unwrap();
    sim.commit("ana/shop", "main", "main", &[("a", Some("1"))], "ana", "First").await.unwrap();
    let head = sim.commit("ana/shop", "topic", "main", &[("a", Some("2"))], "ana", "Second").await.unwrap();
    let number = sim.open_change("ana/shop", "ana", "topic", "main", "More").await.unwrap();
    let forge = GitHub::new(GitHubConfig {
        name: "hub".to_owned(),
        url: sim.url().to_owned(),
        auth: GitHubAuth::Token(Secret::new(ana.token)),
        webhook_secret: Secret::new("between us".to_owned()),
        repositories: vec!["ana/*".to_owned()],
    });
    let (forge, path) = (forge.unwrap(), "ana/shop".parse().unwrap());
    let id = ChangeId { repo: RepoId { forge: "hub".to_owned(), path }, number };
    for (state, complaints) in [("VALID", 0), ("FINE", 1)] {
        let seal = NewSeal { by: SealedBy::Certificate, signer: Some("ana"), state };
        sim.seal("ana/shop", &head, seal).await.unwrap();
        let seals = forge.commit_seals(&id, SealDepth::Whose).await.unwrap();
        assert_eq!(seals[0].signature.verified, state == "VALID");
        assert_eq!(sim.complaints().len(), complaints, "{:?}", sim.complaints());
    }
}
