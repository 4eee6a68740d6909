//! What stands below the objects: what was different before, policy, people, other files.

use serde_json::Value;

use super::paint::Ink;
use super::{Draw, safe};
use crate::approval::RequirementState;
use crate::evaluation::PathOperation;
use crate::report::summary::{blocks, names, value_words};
use crate::report::{PEOPLE, standing};

impl Draw<'_> {
    pub(super) fn drift(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for environment in self.report.environments.iter().filter(|environment| !environment.drift.is_empty())
        {
            let title = format!("already different in the cluster, not by this change: {}", environment.name);
            lines.extend(self.hanging("", &safe(&title)));
            for drift in &environment.drift {
                lines.extend(self.hanging("    ", &safe(&drift.object.to_string())));
                for change in &drift.changes {
                    let value =
                        |value: &Option<Value>| value.as_ref().map_or("absent".to_owned(), value_words);
                    let will =
                        if drift.overwrites(&change.path) { ": merging will overwrite this" } else { "" };
                    let said = match change.masked {
                        true => format!("{} differs (secret){will}", change.path),
                        false => {
                            format!(
                                "{} is {}, base says {}{will}",
                                change.path,
                                value(&change.before),
                                value(&change.after)
                            )
                        }
                    };
                    lines.extend(self.hanging("        ", &safe(&said)));
                }
            }
        }
        lines
    }

    pub(super) fn policy(&self) -> Vec<String> {
        let mut findings: Vec<_> = self.report.findings.iter().collect();
        findings.sort_by_key(|finding| !blocks(finding));
        let lines = findings.into_iter().flat_map(|finding| {
            let sign = if blocks(finding) { self.paint.ink(Ink::Bad, "⛔") } else { "⚠".to_owned() };
            let object = finding.object.as_ref().map(|object| format!(" on {object}")).unwrap_or_default();
            let failed = if finding.errored { "the check itself failed: " } else { "" };
            let rule = finding.rule.as_ref().map(|rule| format!(" / {rule}")).unwrap_or_default();
            let environment = match finding.environment.is_empty() {
                true => String::new(),
                false => format!(" in {}", finding.environment),
            };
            let mut said =
                format!("{}{rule}{environment}{object}: {failed}{}", finding.check, finding.told());
            if let Some(at) = finding.place() {
                said.push_str(&format!(" ({})", at.to_string().replace('`', "")));
            }
            if let Some(waived) = &finding.waived {
                said.push_str(&format!(
                    " (waived by {} until {}: {})",
                    waived.by, waived.until, waived.reason
                ));
            } else if finding.existing {
                said.push_str(" (base has it too)");
            }
            self.hanging(&format!("{sign} "), &safe(&said))
        });
        lines.collect()
    }

    /// Waivers that end soon or are over.
    pub(super) fn waivers(&self) -> Vec<String> {
        let said = standing::waivers(self.report);
        said.iter().flat_map(|said| self.hanging("⌛ ", &safe(&said.replace('`', "")))).collect()
    }

    /// What would be under the policy that the change proposes.
    pub(super) fn proposed(&self) -> Vec<String> {
        let said = standing::proposed(self.report);
        if said.is_empty() {
            return said;
        }
        let mut lines = vec!["if the proposed policy were in force:".to_owned()];
        lines.extend(said.iter().flat_map(|said| self.hanging("    ", &safe(&said.replace('`', "")))));
        lines
    }

    pub(super) fn approvals(&self) -> Vec<String> {
        let rules = self.report.requirements.iter().filter(|rule| rule.state != RequirementState::Skipped);
        let lines = rules.flat_map(|rule| {
            let state = match rule.state {
                RequirementState::Met | RequirementState::Skipped => self.paint.ink(Ink::Good, "✓"),
                RequirementState::Pending => self.paint.ink(Ink::Change, "…"),
                RequirementState::Unknown => self.paint.ink(Ink::Bad, "?"),
            };
            let by: Vec<&str> = rule.by.iter().map(String::as_str).collect();
            let by = if by.is_empty() { String::new() } else { format!(" ({})", names(&by, 10)) };
            let mut said =
                format!("{}: {} of {} from {}{by}", rule.rule, rule.by.len(), rule.needed, rule.from);
            if !rule.could.is_empty() {
                let could: Vec<&str> = rule.could.iter().map(String::as_str).collect();
                said.push_str(&format!("; could be {}", names(&could, PEOPLE)));
            }
            for ignored in &rule.ignored {
                said.push_str(&format!("; not counted: {} ({})", ignored.who, ignored.reason));
            }
            if let (RequirementState::Pending | RequirementState::Unknown, Some(about)) =
                (rule.state, &rule.about)
            {
                said.push_str(&format!("; because of {about}"));
            }
            if let Some(note) = &rule.note {
                said.push_str(&format!("; {note}"));
            }
            self.hanging(&format!("{state} "), &safe(&said))
        });
        lines.collect()
    }

    pub(super) fn outside(&self) -> Vec<String> {
        if self.report.outside.is_empty() {
            return Vec::new();
        }
        let mut lines = vec!["also changed, read by no environment:".to_owned()];
        lines.extend(self.report.outside.iter().flat_map(|changed| {
            let sign = match changed.change {
                PathOperation::Add => "+",
                PathOperation::Change => "~",
                PathOperation::Remove => "-",
            };
            self.hanging(&format!("    {sign} "), &safe(&changed.path))
        }));
        lines
    }

    /// What the verdict says that no block above does.
    pub(super) fn reasons(&self) -> Vec<String> {
        const TOLD: [&str; 7] = [
            "policy",
            "policy-test",
            "check-errored",
            "approval-missing",
            "approval-unknown",
            "render-failed",
            "cluster",
        ];
        let others =
            self.report.verdict.reasons.iter().filter(|reason| !TOLD.contains(&reason.code.as_str()));
        others.flat_map(|reason| self.hanging("· ", &safe(&reason.message.replace('`', "")))).collect()
    }
}
