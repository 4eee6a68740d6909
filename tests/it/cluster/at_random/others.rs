//! What others do to live objects before the change lands.

use super::super::*;
use super::kinds::Kind;
use crate::rego::dice::Dice;

/// One write of somebody else.
pub(super) struct Meanwhile {
    pub(super) about: &'static str,
    method: Method,
    /// `/scale`, where it is not the object itself.
    part: &'static str,
    content_type: &'static str,
    manager: &'static str,
    body: Value,
}

use reqwest::Method;

const MERGE: &str = "application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// What happens to an object that was made of `base`; mostly nothing.
pub(super) fn meanwhile(dice: &mut Dice, kind: &Kind, base: &Value) -> Option<Meanwhile> {
    let workload = matches!(kind.kind, "Deployment" | "StatefulSet");
    let patch = |about, manager, body| Meanwhile {
        about,
        method: Method::PATCH,
        part: "",
        content_type: MERGE,
        manager,
        body,
    };
    let applied = |about, manager, mut body: Value| {
        for key in ["apiVersion", "kind"] {
            body[key] = base[key].clone();
        }
        Meanwhile { content_type: APPLY, ..patch(about, manager, body) }
    };
    let note = |value: &str| json!({ "metadata": { "annotations": { "example.org/theirs": value } } });
    Some(match dice.below(30) {
        0 | 1 if workload => Meanwhile {
            part: "/scale",
            ..patch("kubectl scale", "kubectl", json!({ "spec": { "replicas": 2 + dice.below(4) } }))
        },
        2 | 3 => patch("kubectl annotate", "kubectl-annotate", note("1")),
        4 => Meanwhile::labelled("theirs"),
        5 => applied("another controller's annotation", "other-controller", note("2")),
        6 if workload => applied("an autoscaler", "autoscaler", json!({ "spec": { "replicas": 4 } })),
        7 if kind.kind == "ConfigMap" => applied(
            "another controller's key",
            "other-controller",
            json!({ "data": { "theirs": "1", "a": "1" } }),
        ),
        8 if kind.kind == "ConfigMap" => {
            patch("kubectl edit", "kubectl-edit", json!({ "data": { "theirs": "2", "b": "x" } }))
        }
        9 if matches!(kind.kind, "Deployment" | "StatefulSet" | "DaemonSet") => Meanwhile {
            content_type: STRATEGIC,
            ..patch(
                "a sidecar",
                "mesh",
                json!({ "spec": { "template": { "spec": { "containers": [
                    { "name": "theirs", "image": "example.org/mesh:1" },
                ]}}}}),
            )
        },
        10 if kind.kind == "Widget" => patch(
            "kubectl patch",
            "kubectl-patch",
            json!({ "spec": { "limits": { "theirs": 1 }, "enabled": true } }),
        ),
        11 if kind.kind == "Widget" => applied(
            "another controller's part",
            "other-controller",
            json!({ "spec": { "size": 1, "parts": [{ "name": "theirs" }], "tags": ["theirs"] } }),
        ),
        12 => {
            let mut last = note("3");
            let own = base.to_string();
            last["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = json!(own);
            patch("kubectl apply", "kubectl-client-side-apply", last)
        }
        13 => applied("kubectl apply --server-side", "kubectl", note("4")),
        14 => patch(
            "a finalizer",
            "other-controller",
            json!({ "metadata": { "finalizers": ["example.org/theirs"] } }),
        ),
        15 => applied("somebody who applies the same", "other-controller", {
            let mut same = base.clone();
            same["metadata"].as_object_mut().unwrap().remove("name");
            same
        }),
        16 => patch(
            "kubectl label, to take away",
            "kubectl-label",
            json!({ "metadata": { "labels": { "app": null } } }),
        ),
        17 => patch(
            "kubectl annotate, of what is ours",
            "kubectl-annotate",
            json!({ "metadata": { "annotations": { "example.org/a": "theirs" } } }),
        ),
        18 => applied(
            "another controller's label of ours",
            "other-controller",
            json!({ "metadata": { "labels": { "team": "theirs" } } }),
        ),
        // Without finalizers it would be gone, and whoever applies would make it anew.
        19 | 20 if base.pointer("/metadata/finalizers").is_some() => Meanwhile::deleted(),
        _ => return None,
    })
}

impl Meanwhile {
    /// Somebody changes the label `app`.
    pub(super) fn labelled(app: &str) -> Self {
        Self {
            about: "kubectl label",
            method: Method::PATCH,
            part: "",
            content_type: MERGE,
            manager: "kubectl-label",
            body: json!({ "metadata": { "labels": { "app": app } } }),
        }
    }

    /// Somebody deletes it, and its finalizers keep it.
    pub(super) fn deleted() -> Self {
        Self {
            about: "kubectl delete",
            method: Method::DELETE,
            part: "",
            content_type: "application/json",
            manager: "kubectl",
            body: json!({}),
        }
    }

    /// Does it; whether the server took it.
    pub(super) async fn happens(&self, world: &World, path: &str) -> bool {
        let force = if self.content_type == APPLY { "&force=true" } else { "" };
        let url = format!("{}{path}{}?fieldManager={}{force}", world.server.url(), self.part, self.manager);
        let request = world.server.http().request(self.method.clone(), url);
        let request = request.bearer_auth(world.server.admin_token()).body(self.body.to_string());
        request.header("content-type", self.content_type).send().await.unwrap().status().is_success()
    }
}
