//! What a policy file says in vain: rules that nobody can meet, conditions that nothing fulfils, names of nothing.
use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::*;
use crate::config::strange;

/// The warnings of a rule.
fn rule(when: &str, require: &str, options: &str) -> String {
    let when = if when.is_empty() { String::new() } else { format!("when = {{ {when} }}\n") };
    let text = format!("version = 1\n[[rule]]\nname = \"r\"\n{when}require = {{ {require} }}\n{options}\n");
    let line = |error: &PolicyError| format!("{}:{}: {}\n", error.line, error.column, error.message);
    policy(&text).warnings.iter().map(line).collect()
}

#[test]
fn a_rule_that_asks_for_more_people_than_it_names_is_told() {
    let asked = |count: u32, from: &str| rule("", &format!("count = {count}, from = {{ {from} }}"), "");
    assert_snapshot!(asked(3, "users = [\"ana\", \"bo\"]"), @"4:21: `count` is 3, and 2 people are named: nobody can ever meet this rule");
    assert_snapshot!(asked(2, "users = [\"ana\", \"Ana\"]"), @"4:21: `count` is 2, and 1 person is named: nobody can ever meet this rule");
    for (count, from) in [
        (2, "users = [\"ana\", \"bo\"]"),
        (3, "users = [\"ana\"], teams = [\"acme/sre\"]"),
        (3, "users = [\"ana\"], permissions = [\"write\"]"),
        (3, "users = [\"ana\"], codeowners = true"),
        (3, "teams = [\"acme/sre\"]"),
    ] {
        assert_eq!(asked(count, from), "", "{count} {from}");
    }
    let one = "count = 1, from = { users = [\"ana\"] }";
    let own = "has_author_in = { users = [\"Ana\"] }";
    assert_snapshot!(rule(own, one, ""), @"5:21: `count` is 1, and 1 person is named, of whom the author `ana` never counts: nobody can ever meet this rule");
    assert_eq!(rule(own, one, "options = { allow_author = true }"), "");
    assert_eq!(rule("has_author_in = { users = [\"ana\", \"bo\"] }", one, ""), "");
    assert_eq!(rule("has_author_in = { users = [\"bo\"] }", one, ""), "");
}

#[test]
fn a_condition_that_contradicts_itself_is_told() {
    for when in [
        "all = [{ draft = true }, { draft = false }]",
        "fork = true, not = { fork = true }",
        "targets_branch = \"main\", all = [{ targets_branch = \"release/*\" }]",
        "all = [{ targets_branch = \"main\" }, { targets_branch = \"next\" }]",
        "all = [{ changed_files_count = \"> 5\" }, { changed_files_count = \"< 6\" }]",
        "any = [{ draft = true, not = { draft = true } }, { commit_count = \"< 0\" }]",
        "effect.any = { kinds = [\"/Pod\"] }, effect.none = { kinds = [\"/Pod\"] }",
    ] {
        assert!(rule(when, "count = 1", "").contains("`when` asks for what contradicts itself"), "{when}");
    }
    assert_snapshot!(rule("draft = true, not = { draft = true }", "count = 1", ""), @"4:8: `when` asks for what contradicts itself, so it is never true: the rule asks nobody, and only holds changes of which that is not known");
    for when in ["commit_count = \"< 0\"", "draft = true, changed_files_count = \"<0\""] {
        let text =
            format!("version = 1\n[[rule]]\nname = \"r\"\nwhen = {{ {when} }}\nrequire = {{ count = 1 }}\n");
        let [warning] = policy(&text).warnings.try_into().unwrap();
        assert!(
            warning.message.starts_with("`when` asks for a number below 0, so it is never true"),
            "{when}"
        );
        assert!(warning.hint.unwrap().contains("no number is below 0"), "{when}");
    }
    for when in [
        "any = [{ draft = true }, { draft = false }]",
        "targets_branch = [\"main\", \"next\"]",
        "all = [{ targets_branch = \"main\" }, { targets_branch = \"m*\" }]",
        "all = [{ targets_branch = \"*\" }, { targets_branch = \"main\" }]",
        "all = [{ changed_files_count = \"> 5\" }, { changed_files_count = \"< 7\" }]",
        "not = { draft = true }, fork = true",
        "effect.any = { kinds = [\"/Pod\"] }, effect.none = { kinds = [\"/Service\"] }",
        "effect.any = { operations = [\"create\"] }, effect.only = { operations = [\"create\"] }",
    ] {
        assert_eq!(rule(when, "count = 1", ""), "", "{when}");
    }
}

/// What is said of a file, with a definition of `argoproj.io/Application` in the tree.
fn said(text: &str) -> Vec<String> {
    let text = format!("version = 1\n[environment.a]\nsource = {{ yaml = \"a\" }}\n{text}\n");
    policy(&text);
    let own = BTreeSet::from([("argoproj.io".to_owned(), "Application".to_owned())]);
    let line = |error: PolicyError| {
        let start = error.column as usize - 1;
        let meant: String = error.source_line.chars().skip(start).take(error.width as usize).collect();
        format!("{meant}: {} ({})", error.message, error.hint.unwrap_or_default())
    };
    strange(&text, POLICY_PATH, &own).into_iter().map(line).collect()
}

fn kinds(kinds: &str) -> Vec<String> {
    said(&format!("[[check]]\nname = \"c\"\ncel = \"true\"\nkinds = [\"{kinds}\"]"))
}

#[test]
fn kinds_that_nobody_knows_are_told() {
    for (kind, meant) in [
        ("apps/Deploymnet", "did you mean `apps/Deployment`?"),
        ("apps/deployments", "did you mean `apps/Deployment`?"),
        ("/Deployment", "did you mean `apps/Deployment`?"),
        ("/configmap", "did you mean `/ConfigMap`?"),
        ("networking/Ingress", "did you mean `networking.k8s.io/Ingress`?"),
        ("rbac.authorisation.k8s.io/ClusterRole", "did you mean `rbac.authorization.k8s.io/ClusterRole`?"),
        ("apps.k8s.io/Deployment", "did you mean `apps/Deployment`?"),
        ("apps/Gadget", "it never applies"),
        ("apps/Gad*", "it never applies"),
        ("*/deployments", "did you mean `*/Deployment`?"),
        ("argoproj.io/Aplication", "did you mean `argoproj.io/Application`?"),
        ("argoproj.io/applications", "did you mean `argoproj.io/Application`?"),
    ] {
        assert_eq!(kinds(kind), [format!("\"{kind}\": no kind is like `{kind}` ({meant})")], "{kind}");
    }
    for kind in [
        "apps/Deployment",
        "apps/*",
        "*/*",
        "*/Deployment",
        "apps/{Deployment,StatefulSet}",
        "/Pod",
        "*.k8s.io/*",
        "rbac.authorization.k8s.io/*",
        // Removed long ago, and still worth a rule.
        "extensions/Deployment",
        "policy/PodSecurityPolicy",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "apiregistration.k8s.io/APIService",
        // Other people's.
        "argoproj.io/Application",
        "argoproj.io/AppProject",
        "gateway.networking.k8s.io/TCPRoute",
        "scheduling.x-k8s.io/PodGroup",
        "snapshot.storage.k8s.io/VolumeSnapshot",
        "metrics.k8s.io/PodMetrics",
        "serving.knative.dev/Service",
        "*/Endpoint",
        "*/Rollout",
        "*/PodMonitor",
    ] {
        assert_eq!(kinds(kind), [""; 0], "{kind}");
    }
}

#[test]
fn patterns_that_nothing_is_like_are_told() {
    let when =
        |when: &str| said(&format!("[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\nwhen = {{ {when} }}"));
    let one = |condition: &str, told: &str| assert_eq!(when(condition), [told], "{condition}");
    one(
        "not = { any = [{ effect.any = { kinds = [\"/pods\"] } }] }",
        "\"/pods\": no kind is like `/pods` (did you mean `/Pod`?)",
    );
    one(
        "effect.only = { namespaces = [\"Shop\"] }",
        "\"Shop\": no namespace can be like `Shop` (did you mean `shop`?)",
    );
    one(
        "effect.none = { namespaces = \"shop/web\" }",
        "\"shop/web\": no namespace can be like `shop/web` (their names have lower-case letters, digits and `-`)",
    );
    one(
        "effect.any = { labels = [\"app: web\"] }",
        "\"app: web\": no label can be like `app: web` (write `key` or `key=value`)",
    );
    one(
        "effect.any = { paths = [\".spec.replicas\"] }",
        "\".spec.replicas\": no field can be like `.spec.replicas` (did you mean `spec.replicas`?)",
    );
    one(
        "effect.any = { paths = [\"/spec/replicas\"] }",
        "\"/spec/replicas\": no field can be like `/spec/replicas` (did you mean `spec.replicas`?)",
    );
    one(
        "paths.any = [\"docs/\"]",
        "\"docs/\": no path of a file can be like `docs/` (did you mean `docs/**`?)",
    );
    one(
        "changed_files = { paths = [\"./a\"] }",
        "\"./a\": no path of a file can be like `./a` (did you mean `a`?)",
    );
    one("paths.any = [\"**/\"]", "\"**/\": no path of a file can be like `**/` (did you mean `**`?)");
    one(
        "file_added = { paths = [\"docs/**/\"] }",
        "\"docs/**/\": no path of a file can be like `docs/**/` (did you mean `docs/**`?)",
    );
    one(
        "paths.any = [\" docs/** \"]",
        "\" docs/** \": no path is like ` docs/** `, with a space at its end (did you mean `docs/**`?)",
    );
    let branch = "\"refs/heads/main\": branches are named without `refs/heads/` (did you mean `main`?)";
    one("targets_branch = \"refs/heads/main\"", branch);
    one("not = { from_branch = [\"next\", \"refs/heads/main\"] }", branch);
    one(
        "targets_branch = { matches = \"^refs/heads/release-.*$\" }",
        "\"^refs/heads/release-.*$\": branches are named without `refs/heads/` (did you mean `^release-.*$`?)",
    );
    one(
        "from_branch = { matches = [\"refs/heads/x\"] }",
        "\"refs/heads/x\": branches are named without `refs/heads/` (did you mean `^x`?)",
    );
    for condition in [
        "targets_branch = { matches = [\"^main$\", \"^(refs/heads/)?main\", \"^refs/heads/a|^b\", \"^refs/heads/?x\"] }",
        "targets_branch = [\"release/*\", \"heads/main\", \"{refs/heads/a,b}\"]",
        "from_branch = \"zoe:topic\"",
        "effect.any = { namespaces = [\"shop-*\", \"{a,B}\", \"[A-z]*\"] }",
        "effect.any = { labels = [\"app\", \"app.kubernetes.io/name=web*\", \"*\"] }",
        "effect.any = { paths = [\"spec.*\", \"*.image\", \"spec.containers[name=web]\"] }",
        "paths.any = [\"docs/**\", \"*.md\", \".github/**\"]",
        "title.matches = \"a/\"",
    ] {
        assert_eq!(when(condition), [""; 0], "{condition}");
    }
    let waiver = |object: &str| {
        said(&format!(
            "[[check]]\nname = \"c\"\ncel = \"true\"\n[[waiver]]\ncheck = \"c\"\nobject = \"{object}\"\nreason = \"r\"\nuntil = 2030-01-01\nby = \"bo\""
        ))
    };
    assert_eq!(
        waiver("apps/deployment/shop/web"),
        [
            "\"apps/deployment/shop/web\": no kind is like that of `apps/deployment/shop/web` (did you mean `apps/Deployment/shop/web`?)"
        ]
    );
    assert_eq!(
        waiver("/Configmap/Default/x"),
        [
            "\"/Configmap/Default/x\": no kind is like that of `/Configmap/Default/x` (did you mean `/ConfigMap/default/x`?)"
        ]
    );
    assert_eq!(
        waiver("apps/Deployment/Shop/web"),
        [
            "\"apps/Deployment/Shop/web\": no namespace is like that of `apps/Deployment/Shop/web` (did you mean `apps/Deployment/shop/web`?)"
        ]
    );
    assert!(waiver("apps/Gadget/shop/web")[0].ends_with("(it never applies)"));
    assert_eq!(waiver("**"), [""; 0]);
    assert_eq!(waiver("rbac.authorization.k8s.io/ClusterRole//system:x"), [""; 0]);
    assert_eq!(
        said("[mask]\npaths = [\"configmap:data.dsn\", \"ConfigMap:data.a\", \"Widget:spec.b\", \"spec.c\"]"),
        ["\"configmap:data.dsn\": no kind is called `configmap` (did you mean `ConfigMap:data.dsn`?)"]
    );
}
