//! Findings beside the lines of the head commit.

use insta::assert_snapshot;

use super::fixture::*;
use crate::decide::{decide, status_context};
use crate::object::{Origin, Place};
use crate::plan::{Action, AnnotationLevel, Annotations};
use crate::snapshot::{CommitStatus, Snapshot, StatusState};

const CHECKED: &str = r#"
[[check]]
name = "enough replicas"
cel = "object.spec.replicas >= 2"
message = "at least two replicas"

[[check]]
name = "not too many"
severity = "warning"
cel = "object.spec.replicas >= 3"
message = "three are better"
"#;

/// A change that both checks object to.
fn objectionable() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.policy.as_mut().unwrap().text.push_str(CHECKED);
    let mut effect = replicas_effect(3, 1);
    effect.source = Some(Origin { file: "production/web.yaml".to_owned(), line: 3 });
    snapshot.evaluation = evaluation(vec![unit(vec![effect])]);
    redigest(&mut snapshot);
    snapshot
}

fn effect_of(snapshot: &mut Snapshot) -> &mut crate::effect::Effect {
    &mut snapshot.evaluation.environments[0].units[0].effects[0]
}

fn published(snapshot: &Snapshot) -> Option<(StatusState, String, Option<Annotations>)> {
    decide(snapshot).actions.into_iter().find_map(|action| {
        let Action::Status { state, description, annotations, .. } = action else { return None };
        Some((state, description, annotations))
    })
}

/// Each note in a line, and how many findings have none.
fn noted(snapshot: &Snapshot) -> String {
    let Annotations { notes, elsewhere, approvals: _ } = published(snapshot).unwrap().2.unwrap();
    let lines = notes.iter().map(|note| {
        format!("{:?} {}:{} [{}] {}\n", note.level, note.path, note.line, note.title, note.message)
    });
    format!("{}{elsewhere} elsewhere", lines.collect::<String>())
}

#[test]
fn findings_stand_beside_their_lines() {
    assert_snapshot!(noted(&objectionable()), @r"
    Failure production/web.yaml:3 [enough replicas] production: Deployment shop/web: at least two replicas
    Warning production/web.yaml:3 [not too many] production: Deployment shop/web: three are better
    0 elsewhere
    ");
}

#[test]
fn what_base_has_too_is_a_notice_and_what_is_elsewhere_is_counted() {
    let mut seen = objectionable();
    let before = replicas_effect(1, 1).before;
    effect_of(&mut seen).before = before;
    effect_of(&mut seen).after = replicas_effect(1, 1).after.map(|body| {
        let mut value = body.value();
        value["spec"]["paused"] = true.into();
        value.into()
    });
    let levels = |seen: &Snapshot| {
        let notes = published(seen).unwrap().2.unwrap().notes;
        notes.into_iter().map(|note| note.level).collect::<Vec<_>>()
    };
    assert_eq!(levels(&seen), [AnnotationLevel::Notice; 2]);

    // In a base, at a template whose line nobody knows, in a render, nowhere.
    let mut seen = objectionable();
    let none = "2 elsewhere";
    let made = |seen: &mut Snapshot, made| {
        let effect = effect_of(seen);
        (effect.source, effect.made) = (None, made);
    };
    made(&mut seen, Some(Place::Source { file: "base/web.yaml".to_owned(), line: Some(9) }));
    assert!(noted(&seen).starts_with("Failure base/web.yaml:9"), "{}", noted(&seen));
    made(&mut seen, Some(Place::Source { file: "chart/templates/web.yaml".to_owned(), line: None }));
    assert_eq!(noted(&seen), none);
    made(&mut seen, Some(Place::Rendered { line: 3 }));
    assert_eq!(noted(&seen), none);
    made(&mut seen, None);
    assert_eq!(noted(&seen), none);
    // At head the file is another.
    let mut seen = objectionable();
    seen.shifted.insert("production/web.yaml".to_owned());
    assert_eq!(noted(&seen), none);
}

#[test]
fn what_leaves_the_tree_has_no_line_in_it() {
    let mut seen = objectionable();
    let effect = effect_of(&mut seen);
    assert_eq!(effect.place(), Some(Place::Source { file: "production/web.yaml".to_owned(), line: Some(3) }));
    effect.after = None;
    assert_eq!(effect.place(), Some(Place::Source { file: "production/web.yaml".to_owned(), line: None }));
    (effect.source, effect.made) = (None, Some(Place::Rendered { line: 3 }));
    assert_eq!(effect.place(), None);
}

#[test]
fn the_same_in_several_environments_is_one_note() {
    let mut seen = objectionable();
    let text = &mut seen.policy.as_mut().unwrap().text;
    text.push_str("\n[environment.staging]\nsource = { yaml = \"production\" }\n");
    let mut staging = seen.evaluation.environments[0].clone();
    staging.environment.name = "staging".to_owned();
    seen.evaluation.environments.push(staging);
    redigest(&mut seen);
    let noted = noted(&seen);
    assert_eq!(noted.lines().count(), 3, "{noted}");
    assert!(noted.contains("production, staging: Deployment shop/web: at least two"), "{noted}");
}

#[test]
fn a_status_is_published_again_only_for_other_notes() {
    let mut seen = objectionable();
    let (state, description, annotations) = published(&seen).unwrap();
    let digest = annotations.unwrap().digest();
    assert_eq!(digest.len(), 33);
    let mut status = CommitStatus {
        context: status_context(&seen.change),
        state,
        description,
        author: Some(bot().id),
        required: false,
        annotated: Some(digest),
    };
    let again = |seen: &mut Snapshot, status: &CommitStatus| {
        seen.statuses = vec![status.clone()];
        published(seen).is_some()
    };
    assert!(!again(&mut seen, &status));
    status.annotated = Some("0123456789abcdef".to_owned());
    assert!(again(&mut seen, &status));
    // Where none can be shown, they make no difference.
    status.annotated = None;
    assert!(!again(&mut seen, &status));
    status.annotated = Some(String::new());
    assert!(again(&mut seen, &status));
}

/// Who has to agree, a line for each.
fn asked(snapshot: &Snapshot) -> String {
    published(snapshot).unwrap().2.unwrap().approvals.join("\n")
}

#[test]
fn who_has_to_agree_is_told_also_where_nothing_is_found() {
    const RULES: &str = r#"
[[rule]]
name = "two say yes"
require = { count = 2, from = { users = ["ana", "bo", "cy", "dee"] } }
[[rule]]
name = "never"
when = { effect.any = { risks = ["scale-to-zero"] } }
require = { count = 1, from = { users = ["bo"] } }
"#;
    let mut seen = snapshot();
    seen.policy.as_mut().unwrap().text.push_str(RULES);
    shown(&mut seen, 50);
    approved(&mut seen, 1, ana(), 100);
    let before = published(&seen).unwrap().2.unwrap();
    assert_eq!((before.notes.len(), before.elsewhere), (0, 0));
    assert_snapshot!(asked(&seen), @"
    ⏳ waits: `two say yes` has 0 of 2 approvals from ana, bo, cy, dee: bo, cy, dee; because of Deployment shop/web in production
    not counted: ana (author of the change)
    ");

    // The hour makes no difference, an approval does, and not to the notes.
    seen.now = time(50_000);
    assert_eq!(published(&seen).unwrap().2.unwrap(), before);
    approved(&mut seen, 2, bo(), 200);
    assert_snapshot!(asked(&seen), @"
    ⏳ waits: `two say yes` has 1 of 2 approvals from ana, bo, cy, dee: cy, dee; approved by bo; because of Deployment shop/web in production
    not counted: ana (author of the change)
    ");
    let after = published(&seen).unwrap().2.unwrap();
    assert_ne!(after.digest(), before.digest());
    assert_eq!(after.notes_digest(), before.notes_digest());
    approved(&mut seen, 3, cy(), 300);
    assert_snapshot!(asked(&seen), @"
    ✅ met: `two say yes` has 2 of 2 approvals from ana, bo, cy, dee; approved by bo, cy; because of Deployment shop/web in production
    not counted: ana (author of the change)
    ");
}

#[test]
fn a_change_that_is_over_keeps_its_notes() {
    let mut seen = objectionable();
    seen.change.state = crate::change::ChangeState::Closed;
    assert_eq!(published(&seen).map(|(_, _, annotations)| annotations), Some(None));
}
