//! The policy file: what is read from it, and every sentence about what is wrong with one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod around;
mod asked;
mod expressions;
mod mistakes;
mod packs;
mod schema;
mod vain;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::environment::{ApplyMode, EnvironmentSource, OnUnreachable};

const WHOLE: &str = r#"
version = 1

[environment.staging]
source  = { kustomize = ["apps/*/overlays/staging", "platform/staging"] }
cluster = "staging"
apply = "server-side"
field_manager = "argocd-controller"
prune = false
on_unreachable = "render"
namespace = "default"

[environment.production]
source  = { helm = "charts/shop", values = ["values.yaml", "production.yaml"], release = "shop", namespace = "shop" }
cluster = "prod-eu"

[environment.infra]
source = { yaml = "infra/**/*.yaml" }
[[check]]
name = "two replicas"
cel  = "object.kind != 'Deployment' || object.spec.replicas >= 2"
message = "production runs at least two replicas"
path = "spec.replicas"
environments = ["prod*"]
kinds = ["apps/Deployment"]
severity = "warning"

[[rule]]
name    = "production needs two"
when    = { effect.any = { environment = ["production"] }, targets_branch = "main" }
require = { count = 2, from = { teams = ["acme/sre"], users = ["bo"], permissions = ["admin"] } }

[[rule]]
name    = "anybody"
when    = { not = { any = [{ paths.any = "docs/**" }, { effect.none = { risks = ["data-loss"], operations = "delete" } }] } }
require = { count = 1 }
options = { allow_committers = true, allow_pusher = false }

[[rule]]
name = "spare"
require = { count = 1, from = { permissions = "maintain" } }

[commands]
unhold = { teams = ["acme/sre"] }

[mask]
paths = ["ConfigMap:data.password", "spec.token"]

[merge]
how  = "land"
when = "approved"
"#;

fn policy(text: &str) -> Policy {
    parse(text, POLICY_PATH).unwrap_or_else(|errors| panic!("{}", rendered(&errors)))
}

fn rendered(errors: &[PolicyError]) -> String {
    errors.iter().map(|error| error.render(Level::Error, None)).collect()
}

/// Everything that is wrong with a text, as people read it.
#[track_caller]
fn wrong(text: &str) -> String {
    rendered(&parse(text, POLICY_PATH).expect_err("this policy is wrong"))
}

#[test]
fn a_whole_policy_is_read() {
    // `approval` is a top-level key: it stands before the first table.
    let text = WHOLE.replace(
        "version = 1\n",
        "version = 1\napproval = { all = [\"production needs two\", { any = [\"anybody\"] }] }\n",
    );
    let policy = policy(&text);
    let names: Vec<_> = policy.environments.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["staging", "production", "infra"], "the file's order");
    let staging = &policy.environments[0];
    assert_eq!(
        *staging,
        Environment {
            name: "staging".into(),
            source: EnvironmentSource::Kustomize(vec![
                "apps/*/overlays/staging".into(),
                "platform/staging".into()
            ]),
            cluster: Some("staging".into()),
            apply: ApplyMode::ServerSide,
            field_manager: "argocd-controller".into(),
            prune: false,
            on_unreachable: OnUnreachable::Render,
            default_namespace: Some("default".into()),
            destinations: Vec::new(),
            unforced: false,
            kubernetes: None,
        }
    );
    let production = &policy.environments[1];
    assert_eq!(
        production.source,
        EnvironmentSource::Helm {
            chart: "charts/shop".into(),
            values: vec!["values.yaml".into(), "production.yaml".into()],
            release: Some("shop".into()),
            namespace: Some("shop".into()),
        }
    );
    assert_eq!(
        (production.apply, production.field_manager.as_str(), production.prune, production.on_unreachable),
        (ApplyMode::Helm, "kubectl", true, OnUnreachable::Hold),
        "defaults"
    );
    let infra = &policy.environments[2];
    assert_eq!(infra.source, EnvironmentSource::Yaml(vec!["infra/**/*.yaml".into()]));
    assert_eq!(infra.apply, ApplyMode::ClientSide, "what is no chart is not Helm's");
    assert_eq!(
        policy.checks,
        [Check {
            name: "two replicas".into(),
            judge: Judge::Cel(CelCheck {
                expression: "object.kind != 'Deployment' || object.spec.replicas >= 2".into(),
                parameters: None,
                message: "production runs at least two replicas".into(),
                path: Some("spec.replicas".into()),
            }),
            severity: Severity::Warning,
            environments: vec!["prod*".into()],
            kinds: vec!["apps/Deployment".into()],
        }]
    );
    let rule = &policy.rules[0];
    assert_eq!(
        rule.when,
        Some(Predicate::All(vec![
            Predicate::EffectAny(EffectMatch {
                environment: vec!["production".into()],
                ..EffectMatch::default()
            }),
            Predicate::TargetsBranch(Pattern::Glob("main".into())),
        ])),
        "several keys must all hold"
    );
    assert_eq!(
        rule.require,
        Require {
            count: 2,
            from: From {
                users: vec!["bo".into()],
                teams: vec!["acme/sre".into()],
                permissions: vec![Permission::Admin],
                ..From::default()
            },
            conditions: Vec::new(),
        }
    );
    assert_eq!(rule.options, RuleOptions::default());
    assert_eq!(
        policy.rules[1].when,
        Some(Predicate::Not(Box::new(Predicate::Any(vec![
            Predicate::PathsAny(vec!["docs/**".into()]),
            Predicate::EffectNone(EffectMatch {
                operations: vec![crate::effect::Operation::Delete],
                risks: vec![crate::effect::Risk::DataLoss],
                ..EffectMatch::default()
            }),
        ]))))
    );
    assert_eq!(policy.rules[1].require.from, From::default());
    assert_eq!(
        policy.rules[1].options,
        RuleOptions {
            author: Exclusion::Excluded,
            committers: Exclusion::Allowed,
            pusher: Exclusion::Excluded,
            ..RuleOptions::default()
        }
    );
    assert_eq!(
        policy.approval,
        Some(Tree::All(vec![
            Tree::Rule("production needs two".into()),
            Tree::Any(vec![Tree::Rule("anybody".into())]),
        ]))
    );
    assert_eq!(policy.commands.allow["unhold"].teams, ["acme/sre"]);
    assert_eq!(policy.mask, ["ConfigMap:data.password", "spec.token"]);
    assert_eq!(policy.merge, Merge { how: How::Land, when: When::Approved });
    let warnings: String = policy.warnings.iter().map(|each| each.render(Level::Warning, None)).collect();
    assert_snapshot!(warnings, @r#"
    warning: rule `spare` is not used by `approval`, so nobody has to meet it
      --> .countersign.toml:41:8
       |
    41 | name = "spare"
       |        ^^^^^^^ add it there, or remove it
    "#);
}

#[test]
fn no_policy_is_the_built_in_one() {
    assert_eq!(policy("version = 1\n"), Policy::builtin());
}

#[test]
fn an_environment_may_name_its_destinations() {
    let policy = |destinations: &str| {
        let text = format!("version = 1\n[environment.a]\nsource = {{ yaml = \"a\" }}\n{destinations}\n");
        parse(&text, POLICY_PATH).unwrap().environments.remove(0).destinations
    };
    assert_eq!(policy("destinations = [\"shop\", \"shop-*\"]"), ["shop", "shop-*"]);
    assert_eq!(policy("destinations = \"*\""), ["*"]);
    assert_eq!(policy(""), [""; 0]);
}

#[test]
fn warnings_name_what_nothing_uses() {
    let text = format!("{}\n", WHOLE.replace("version = 1\n", "version = 1\napproval = \"anybody\"\n"));
    let text = text.replace("permissions = [\"admin\"]", "permissions = [\"read\"]").replace("prod*", "qa-*");
    let warnings: String =
        policy(&text).warnings.iter().map(|each| each.render(Level::Warning, None)).collect();
    assert_snapshot!(warnings, @r#"
    warning: no environment is like `qa-*`
      --> .countersign.toml:25:17
       |
    25 | environments = ["qa-*"]
       |                 ^^^^^^ it never applies
    warning: rule `production needs two` is not used by `approval`, so nobody has to meet it
      --> .countersign.toml:30:11
       |
    30 | name    = "production needs two"
       |           ^^^^^^^^^^^^^^^^^^^^^^ add it there, or remove it
    warning: in a public repository everybody has `read`
      --> .countersign.toml:32:86
       |
    32 | require = { count = 2, from = { teams = ["acme/sre"], users = ["bo"], permissions = ["read"] } }
       |                                                                                      ^^^^^^ `write` means people whom the repository trusts
    warning: rule `spare` is not used by `approval`, so nobody has to meet it
      --> .countersign.toml:41:8
       |
    41 | name = "spare"
       |        ^^^^^^^ add it there, or remove it
    "#);
}

/// A policy with one piece of it replaced by something else.
fn damaged() -> impl Strategy<Value = String> {
    (0..WHOLE.len(), 0_usize..40, "[\\[\\]{}=\"'a-z0-9.,\n ]{0,12}").prop_map(|(start, length, put)| {
        let start = (0..=start).rev().find(|at| WHOLE.is_char_boundary(*at)).unwrap();
        let end =
            (start + length..=WHOLE.len()).find(|at| WHOLE.is_char_boundary(*at)).unwrap_or(WHOLE.len());
        format!("{}{put}{}", &WHOLE[..start], &WHOLE[end..])
    })
}

/// Whatever the text, reading it ends; each error points into the file, and at characters that are there.
fn reads(text: &str) {
    let found = match parse(text, POLICY_PATH) {
        Ok(policy) => policy.warnings,
        Err(errors) => {
            assert!(!errors.is_empty(), "a refusal says why");
            errors
        }
    };
    for error in found {
        let line = text.lines().nth(error.line as usize - 1).unwrap_or_default();
        assert!(error.line as usize <= text.lines().count().max(1) + 1, "{error:?}");
        assert_eq!(error.source_line, line, "{error:?}");
        assert!(error.column >= 1 && error.width >= 1, "{error:?}");
        let past = error.column as usize - 1 + error.width as usize;
        assert!(past <= line.chars().count() + 1, "{error:?}");
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
        error.render(Level::Error, None);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        reads(&text);
    }

    #[test]
    fn any_lines_are_read_or_refused(text in "(version = 1\n)?([a-z.\\[\\]]{1,12} ?= ?[^\n]{0,20}\r?\n){0,6}") {
        reads(&text);
    }

    #[test]
    fn a_damaged_policy_is_read_or_refused(text in damaged()) {
        reads(&text);
    }
}

#[test]
fn a_check_in_rego_names_its_files() {
    let text = "version = 1\n[[check]]\nname = \"r\"\nrego = [\"policies/*.rego\", \"lib\"]\ndata = \"data.yaml\"\nparameters = { least = 2, share = 0.5, tags = [\"a\"] }\nseverity = \"warning\"\n";
    let policy = parse(text, POLICY_PATH).unwrap();
    let rego = RegoCheck {
        files: vec!["policies/*.rego".into(), "lib".into()],
        data: vec!["data.yaml".into()],
        parameters: Some(serde_json::json!({ "least": 2, "share": 0.5, "tags": ["a"] })),
    };
    assert_eq!(policy.checks[0].judge, Judge::Rego(rego));
    assert_eq!(policy.checks[0].severity, Severity::Warning);
}

#[test]
fn a_check_by_schemas_names_the_shipped_kinds_and_files() {
    let read = |schema: &str| {
        let text = format!("version = 1\ncheck = [{{ name = \"s\", schema = {schema} }}]\n");
        parse(&text, POLICY_PATH).map(|policy| policy.checks[0].judge.clone())
    };
    let check = |schema: &str, builtin: bool, files: &[&str]| {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        assert_eq!(read(schema), Ok(Judge::Schema(SchemaCheck { builtin, files })), "{schema}");
    };
    check("\"builtin\"", true, &[]);
    check("[\"builtin\", \"crds/*.yaml\"]", true, &["crds/*.yaml"]);
    check("\"builtin/\"", false, &["builtin/"]);
    assert!(read("[]").is_err() && read("\"../x\"").is_err());
}

#[test]
fn a_version_of_kubernetes_is_known_where_its_schemas_are_needed() {
    let read = |version: &str, check: &str| {
        let text = format!(
            "version = 1\n[environment.a]\nsource = {{ yaml = \"a\" }}\nkubernetes = \"{version}\"\n{check}"
        );
        parse(&text, POLICY_PATH).map(|policy| policy.environments[0].kubernetes.clone())
    };
    let builtin = "[[check]]\nname = \"s\"\nschema = \"builtin\"\n";
    assert_eq!(read("1.35.2", builtin), Ok(Some("1.35.2".to_owned())));
    assert_eq!(read("1.21", ""), Ok(Some("1.21".to_owned())));
    let told = |version: &str, check: &str| rendered(&read(version, check).unwrap_err());
    assert_snapshot!(told("1.21", builtin), @r#"
    error: the schemas of Kubernetes 1.21 are not shipped, and check `s` needs them
     --> .countersign.toml:4:14
      |
    4 | kubernetes = "1.21"
      |              ^^^^^^ there are `1.34`, `1.35` and `1.36`
    "#);
    assert_snapshot!(told("v2", ""), @r#"
    error: `v2` is not a version of Kubernetes, like `1.35`
     --> .countersign.toml:4:14
      |
    4 | kubernetes = "v2"
      |              ^^^^
    "#);
}
