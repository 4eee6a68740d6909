//! What people have to do, as results: each rule that asks for approvals, and where it stands. Such a result is no
//! failure, so its level is none; its kind says whether somebody still has to look.

use serde_json::{Map, json};

use super::rule::{Level, Rule};
use super::{Existing, Found, Log, Place};
use crate::approval::RequirementState;
use crate::config::POLICY_PATH;
use crate::report::asked;
use crate::report::model::RequirementReport;

impl<'a> Log<'a> {
    /// A rule that applies; one that does not gives nothing.
    pub(super) fn requirement(&mut self, requirement: &'a RequirementReport) {
        let RequirementReport {
            rule,
            state,
            needed,
            from,
            by,
            could,
            note: _,
            about,
            approvals: _,
            ignored,
            elsewhere,
        } = requirement;
        let level = match state {
            RequirementState::Skipped => return,
            RequirementState::Met => Level::Pass,
            RequirementState::Pending => Level::Review,
            RequirementState::Unknown => Level::Open,
        };
        let Some(said) = asked::words(requirement) else { return };
        let ignored: Vec<_> =
            ignored.iter().map(|one| json!({ "who": one.who, "reason": super::text(&one.reason) })).collect();
        let properties = Map::from_iter([
            ("state".to_owned(), json!(state)),
            ("needed".to_owned(), json!(needed)),
            ("from".to_owned(), json!(from)),
            ("by".to_owned(), json!(by)),
            ("could".to_owned(), json!(could)),
            ("about".to_owned(), json!(about)),
            ("ignored".to_owned(), json!(ignored)),
        ]);
        let found = Found {
            rule: Rule::Approval(rule),
            level,
            said,
            environment: None,
            unit: None,
            object: None,
            // Where it is asked for; the rule's line is one of the policy at base, not of the judged tree.
            place: Place { file: (!elsewhere).then_some(POLICY_PATH), ..Place::default() },
            existing: Existing::No,
            properties,
        };
        let result = self.result(found, &[]);
        self.results.push(result);
    }
}
