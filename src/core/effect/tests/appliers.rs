//! What appliers make of annotations and hooks, and what of that is believed.

use insta::assert_snapshot;
use serde_json::json;

use super::{production, read, told};
use crate::effect::applier::{forces, made_anew, mode, passed_over};
use crate::effect::compare;
use crate::environment::{ApplyMode, Environment, EnvironmentSource};

fn applied_by(manager: &str) -> Environment {
    Environment { field_manager: manager.to_owned(), ..production() }
}

/// A chart's release.
fn release() -> Environment {
    let source = EnvironmentSource::Helm {
        chart: "charts/shop".to_owned(),
        values: Vec::new(),
        release: None,
        namespace: None,
    };
    Environment { source, field_manager: "kubectl".to_owned(), ..production() }
}

fn of(environment: &Environment, base: &str, head: &str) -> String {
    told(&compare(environment, &read(base), &read(head)))
}

/// A Deployment with an annotation.
fn web(annotation: &str, fields: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, annotations: {{{annotation}}}}}, spec: {{{fields}}}}}"
    )
}

// 41. Prune=false, Flux's prune and reconcile and Helm's keep: it stays; for the applier whose they are.
#[test]
fn an_annotation_keeps_what_its_own_applier_would_prune() {
    let (argo, flux, helm, other) = ("argocd-controller", "kustomize-controller", "helm", "kubectl");
    for (annotation, keeping) in [
        ("argocd.argoproj.io/sync-options: 'Validate=false, Prune=false'", [argo, other].as_slice()),
        ("kustomize.toolkit.fluxcd.io/prune: disabled", &[flux, other]),
        ("kustomize.toolkit.fluxcd.io/reconcile: disabled", &[flux, other]),
        ("helm.sh/resource-policy: keep", &[helm, "helm-controller", other]),
        ("argocd.argoproj.io/sync-options: prune=false", &[]),
        ("kustomize.toolkit.fluxcd.io/prune: Disabled", &[flux, other]),
        ("kustomize.toolkit.fluxcd.io/prune: enabled", &[]),
        ("argocd.argoproj.io/sync-options: Delete=false", &[]),
        ("argocd.argoproj.io/compare-options: IgnoreExtraneous", &[]),
        ("example.org/prune: disabled", &[]),
    ] {
        for manager in [argo, flux, helm, "helm-controller", other] {
            let told = of(&applied_by(manager), &web(annotation, ""), "");
            let want = if keeping.contains(&manager) { "orphan " } else { "delete " };
            assert!(told.starts_with(want), "{annotation} {manager}: {told}");
        }
    }
    assert_snapshot!(of(&applied_by("argocd-controller"), &web("argocd.argoproj.io/sync-options: 'Prune=false'", ""), ""), @"orphan Deployment shop/a | risks: orphan | its annotation `argocd.argoproj.io/sync-options: Prune=false` keeps it: it stays in the cluster, owned by nobody");
}

// 41. Replace=true, with Force=true beside it, alters the action.
#[test]
fn argo_writes_an_object_whole_where_it_is_told_to() {
    let check = |manager: &str, options: &str| {
        let text = |count: u8| {
            web(
                &format!("argocd.argoproj.io/sync-options: '{options}'"),
                &format!("replicas: {count}, template: {{}}"),
            )
        };
        of(&applied_by(manager), &text(2), &text(3))
    };
    assert_snapshot!(check("argocd-controller", "Replace=true"), @"update Deployment shop/a | fields: spec.replicas | its annotation `argocd.argoproj.io/sync-options: Replace=true` has it written whole: what others set is lost");
    assert_snapshot!(check("argocd-controller", "Force=true,Replace=true"), @"replace Deployment shop/a | risks: replace | fields: spec.replicas | its annotation `argocd.argoproj.io/sync-options` has it deleted and made anew");
    assert_snapshot!(check("kubectl", "Force=true,Replace=true"), @"update Deployment shop/a | fields: spec.replicas");
    assert_snapshot!(check("argocd-controller", "ServerSideApply=true"), @"update Deployment shop/a | fields: spec.replicas");
}

// 41. Flux's reconcile and ssa annotations.
#[test]
fn flux_passes_over_what_it_is_told_to() {
    let flux = applied_by("kustomize-controller");
    let text = |annotation: &str, count: u8| {
        web(
            &format!("kustomize.toolkit.fluxcd.io/{annotation}"),
            &format!("replicas: {count}, template: {{}}"),
        )
    };
    let change = |annotation: &str| of(&flux, &text(annotation, 2), &text(annotation, 0));
    assert_snapshot!(change("reconcile: disabled"), @"none Deployment shop/a | risks: scale-to-zero | fields: spec.replicas | its annotation `kustomize.toolkit.fluxcd.io/reconcile: disabled` has it passed over");
    assert_snapshot!(change("ssa: Ignore"), @"none Deployment shop/a | risks: scale-to-zero | fields: spec.replicas | its annotation `kustomize.toolkit.fluxcd.io/ssa: Ignore` has it passed over");
    assert_snapshot!(change("ssa: IfNotPresent"), @"none Deployment shop/a | risks: scale-to-zero | fields: spec.replicas | its annotation `kustomize.toolkit.fluxcd.io/ssa: IfNotPresent` leaves alone what is in the cluster");
    assert_snapshot!(change("ssa: Merge"), @"update Deployment shop/a | risks: scale-to-zero | fields: spec.replicas");
    assert_snapshot!(of(&flux, "", &text("ssa: IfNotPresent", 1)), @"create Deployment shop/a");
    assert_snapshot!(of(&flux, "", &text("reconcile: disabled", 1)), @"none Deployment shop/a | its annotation `kustomize.toolkit.fluxcd.io/reconcile: disabled` has it passed over");
    let kubectl = applied_by("kubectl");
    assert_snapshot!(of(&kubectl, &text("reconcile: disabled", 2), &text("reconcile: disabled", 0)), @"update Deployment shop/a | risks: scale-to-zero | fields: spec.replicas");
}

// 41. What appliers read of a live object, and how an object says that it is written.
#[test]
fn what_is_live_has_a_say_too() {
    let body = |place: &str, key: &str, value: &str| json!({ "metadata": { place: { key: value } } });
    let (argo, flux) = (applied_by("argocd-controller"), applied_by("kustomize-controller"));
    let plain = json!({ "metadata": {} });
    for place in ["labels", "annotations"] {
        for (key, value) in [("reconcile", "disabled"), ("ssa", "ignore")] {
            let live = body(place, &format!("kustomize.toolkit.fluxcd.io/{key}"), value);
            assert!(passed_over(&flux, &plain, Some(&live)).is_some(), "{live}");
            assert!(passed_over(&flux, &live, None).is_some(), "{live}");
            assert_eq!(passed_over(&argo, &live, Some(&live)), None);
        }
        let absent = body(place, "kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent");
        assert!(passed_over(&flux, &absent, Some(&plain)).is_some());
        assert_eq!(passed_over(&flux, &absent, None), None);
        assert_eq!(passed_over(&flux, &plain, Some(&absent)), None);
        let force = body(place, "kustomize.toolkit.fluxcd.io/force", "enabled");
        assert!(forces(&flux, &force, None) && forces(&flux, &plain, Some(&force)));
        assert!(!forces(&flux, &plain, Some(&plain)) && !forces(&argo, &force, None));
    }
    assert_eq!(passed_over(&flux, &plain, Some(&plain)), None);
}

#[test]
fn an_object_says_how_argo_writes_it() {
    let check = |options: &str, apply: ApplyMode, want: ApplyMode| {
        let body = json!({ "metadata": { "annotations": { "argocd.argoproj.io/sync-options": options } } });
        let argo = Environment { apply, ..applied_by("argocd-controller") };
        assert_eq!(mode(&argo, &body), want, "{options}");
        let other = Environment { apply, ..applied_by("kubectl") };
        assert_eq!(mode(&other, &body), apply, "{options}");
    };
    check("Validate=false", ApplyMode::ClientSide, ApplyMode::ClientSide);
    check("ServerSideApply=true", ApplyMode::ClientSide, ApplyMode::ServerSide);
    check("ServerSideApply=false", ApplyMode::ServerSide, ApplyMode::ClientSide);
    check("ServerSideApply=true, Replace=true", ApplyMode::ClientSide, ApplyMode::Replace);
    check("replace=true", ApplyMode::ClientSide, ApplyMode::ClientSide);
    let anew = |kind: &str| {
        let options = json!({ "argocd.argoproj.io/sync-options": "Force=true,Replace=true" });
        json!({ "kind": kind, "metadata": { "annotations": options } })
    };
    let argo = applied_by("argocd-controller");
    assert!(made_anew(&argo, &anew("Deployment")).is_some());
    assert_eq!(made_anew(&argo, &anew("Namespace")), None);
    assert_eq!(made_anew(&argo, &anew("CustomResourceDefinition")), None);
    assert_eq!(made_anew(&applied_by("kubectl"), &anew("Deployment")), None);
    assert!(forces(&argo, &anew("Deployment"), None));
}

fn job(annotation: &str, image: &str) -> String {
    format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: migrate, annotations: {{{annotation}}}}}, spec: {{template: {{spec: {{containers: [{{name: a, image: '{image}'}}]}}}}}}}}"
    )
}

// 38. Helm hooks and tests are listed by phase and do not appear as pruned or added resources.
#[test]
fn hooks_are_listed_by_phase_and_neither_added_nor_pruned() {
    let hook = |image: &str| job("helm.sh/hook: 'pre-install, pre-upgrade'", image);
    assert_snapshot!(of(&release(), "", &hook("a:1")), @"update Job shop/migrate | a hook, run at pre-install, pre-upgrade: no lasting part of what is applied");
    assert_snapshot!(of(&release(), &hook("a:1"), &hook("a:2")), @"update Job shop/migrate | risks: image | fields: spec.template.spec.containers[name=a].image | a hook, run at pre-install, pre-upgrade: no lasting part of what is applied");
    assert_snapshot!(of(&release(), &hook("a:1"), ""), @"none Job shop/migrate | a hook of pre-install, pre-upgrade: it runs no more, and nothing is pruned");
    let test = |image: &str| job("helm.sh/hook: test", image);
    assert_snapshot!(of(&release(), "", &test("a:1")), @"none Job shop/migrate | a test: it runs only when somebody asks for it");
    assert_snapshot!(of(&release(), &test("a:1"), ""), @"none Job shop/migrate | a hook of test: it runs no more, and nothing is pruned");
}

#[test]
fn a_hook_is_one_only_to_who_runs_it() {
    let hook = job("helm.sh/hook: pre-upgrade", "a:1");
    let argo = job("argocd.argoproj.io/hook: PreSync", "a:1");
    for (environment, text, is_hook) in [
        (release(), &hook, true),
        (applied_by("helm"), &hook, true),
        (applied_by("argocd-controller"), &hook, true),
        (applied_by("kustomize-controller"), &hook, false),
        (applied_by("kubectl"), &hook, false),
        (applied_by("argocd-controller"), &argo, true),
        (applied_by("kubectl"), &argo, false),
        (release(), &argo, false),
    ] {
        let (added, removed) = (of(&environment, "", text), of(&environment, text, ""));
        assert_eq!(!added.starts_with("create "), is_hook, "{added}");
        assert_eq!(!removed.starts_with("delete "), is_hook, "{removed}");
    }
}

#[test]
fn what_becomes_a_hook_was_applied_until_now() {
    let (plain, hook) = (job("", "a:1"), job("helm.sh/hook: pre-upgrade", "a:1"));
    assert_snapshot!(of(&release(), &plain, &hook), @r#"update Job shop/migrate | fields: metadata.annotations["helm.sh/hook"]"#);
    assert_snapshot!(of(&release(), &hook, &plain), @r#"update Job shop/migrate | fields: metadata.annotations["helm.sh/hook"]"#);
}

// 45. A suspended Kustomization or HelmRelease, or an app without auto-sync, says that it will not apply.
#[test]
fn a_suspended_applier_says_so() {
    let flux = |kind: &str, suspend: bool| {
        format!("{{apiVersion: {kind}, metadata: {{name: a}}, spec: {{suspend: {suspend}, interval: 1m}}}}")
    };
    let argo = |policy: &str| {
        format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {{name: a}}, spec: {{project: a, {policy}}}}}"
        )
    };
    let check = |base: &str, head: &str, want: bool| {
        let told = of(&production(), base, head);
        assert_eq!(told.contains("suspended"), want, "{told}");
        assert_eq!(told.contains("waits until it is resumed"), want, "{told}");
    };
    for kind in [
        "kustomize.toolkit.fluxcd.io/v1, kind: Kustomization",
        "helm.toolkit.fluxcd.io/v2, kind: HelmRelease",
        "source.toolkit.fluxcd.io/v1, kind: GitRepository",
    ] {
        check(&flux(kind, false), &flux(kind, true), true);
        check("", &flux(kind, true), true);
        check(&flux(kind, true), &flux(kind, false), false);
        check("", &flux(kind, false), false);
    }
    let (on, off, none) = (
        "syncPolicy: {automated: {}}",
        "syncPolicy: {automated: {enabled: false}}",
        "syncPolicy: {syncOptions: [a]}",
    );
    check(&argo(on), &argo(off), true);
    check(&argo(on), &argo(none), true);
    check(&argo(none), &argo(on), false);
    check("", &argo(none), false);
}
