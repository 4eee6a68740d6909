//! Gatekeeper's templates that look at what else an environment holds, on a change that touches one file of it.

use super::{Desk, git};

const POLICY: &str = r#"version = 1

[environment.production]
source = { yaml = ["shop", "pay"] }

[[check]]
name = "hosts"
gatekeeper = "policies"
"#;

const TEMPLATE: &str = r#"apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: onehost}
spec:
  crd: {spec: {names: {kind: OneHost}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package onehost
        violation[{"msg": msg}] {
          host := input.review.object.spec.rules[_].host
          other := data.inventory.namespace[ns][_]["Ingress"][name]
          other.spec.rules[_].host == host
          not same(other)
          msg := sprintf("%v belongs to %v/%v", [host, ns, name])
        }
        same(other) {
          other.metadata.name == input.review.object.metadata.name
          other.metadata.namespace == input.review.object.metadata.namespace
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: OneHost
metadata: {name: one-host}
spec: {}
"#;

fn ingress(namespace: &str, host: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  \
         rules: [{{host: {host}}}]\n"
    )
}

#[test]
fn a_host_that_another_file_has() {
    let desk = Desk::new(&[
        (".countersign.toml", POLICY),
        ("policies/one-host.yaml", TEMPLATE),
        ("shop/web.yaml", &ingress("shop", "shop.example.org")),
        ("pay/web.yaml", &ingress("pay", "pay.example.org")),
    ]);
    let env = desk.path("env");
    let review = |branch: &str, files: &[(&str, &str)]| {
        git(&env, &["checkout", "-q", "-b", branch, "main"]);
        desk.commit(branch, files);
        let report = desk.report("env", &[]);
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let told = |finding: &serde_json::Value| finding["message"].as_str().unwrap().to_owned();
        let verdict = report["verdict"].as_str().map(str::to_owned);
        (
            verdict.unwrap_or_else(|| report["verdict"].to_string()),
            findings.iter().map(told).collect::<Vec<_>>(),
        )
    };
    let (_, free) = review("free", &[("shop/web.yaml", &ingress("shop", "new.example.org"))]);
    assert_eq!(free, [""; 0]);
    let (verdict, taken) = review("taken", &[("shop/web.yaml", &ingress("shop", "pay.example.org"))]);
    assert_eq!(taken, ["pay.example.org belongs to pay/web"]);
    assert!(verdict.contains("block"), "{verdict}");
    // It is given up in the same change.
    let swapped = [
        ("shop/web.yaml", ingress("shop", "pay.example.org")),
        ("pay/web.yaml", ingress("pay", "shop.example.org")),
    ];
    let (_, swapped) = review("swapped", &swapped.each_ref().map(|(path, text)| (*path, text.as_str())));
    assert_eq!(swapped, [""; 0]);
    // What does not render may hold anything.
    let broken =
        [("shop/web.yaml", ingress("shop", "new.example.org")), ("pay/web.yaml", "kind: [".to_owned())];
    let (_, broken) = review("broken", &broken.each_ref().map(|(path, text)| (*path, text.as_str())));
    assert_eq!(
        broken,
        [
            "check `hosts` could not judge Ingress shop/web: `one-host`: it reads `data.inventory`, and what `pay` makes \
         cannot be told"
        ]
    );
}
