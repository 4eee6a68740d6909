//! What a policy needs to know beyond what changes. Only that is asked of a forge: each answer costs.

use super::{From, Policy, Predicate};

impl Policy {
    /// Every set of people that it names, wherever.
    pub fn people(&self) -> Vec<&From> {
        let mut sets: Vec<&From> = self.commands.allow.values().collect();
        sets.extend(self.disapproval.from.iter().chain(&self.disapproval.revoke));
        for rule in &self.rules {
            sets.push(&rule.require.from);
            sets.extend(&rule.options.ignore_commits_by);
        }
        for condition in self.conditions() {
            condition.visit(&mut |part| sets.extend(part.people()));
        }
        sets
    }

    /// Whether a condition somewhere is of this kind.
    pub fn has_condition(&self, wanted: impl Fn(&Predicate) -> bool) -> bool {
        let mut found = false;
        for condition in self.conditions() {
            condition.visit(&mut |part| found |= wanted(part));
        }
        found
    }

    /// Whether it asks who has a hand in the change and in which role, so that their permissions matter.
    pub fn asks_about_contributors(&self) -> bool {
        self.rules.iter().any(|rule| rule.options.ignore_commits_by.is_some())
            || self.has_condition(|part| part.people().is_some())
    }

    /// Whether a rule asks for reviews, so that it matters who is asked already.
    pub fn asks_for_reviews(&self) -> bool {
        self.rules.iter().any(|rule| rule.options.request_review.is_some())
    }

    fn conditions(&self) -> impl Iterator<Item = &Predicate> {
        let rules = self.rules.iter();
        let rules = rules.flat_map(|rule| rule.when.iter().chain(&rule.require.conditions));
        rules.chain(&self.disapproval.when)
    }
}

impl Predicate {
    /// Itself and every part of it.
    fn visit<'p>(&'p self, seen: &mut dyn FnMut(&'p Self)) {
        seen(self);
        if let Self::All(parts) | Self::Any(parts) = self {
            for part in parts {
                part.visit(seen);
            }
        } else if let Self::Not(part) = self {
            part.visit(seen);
        }
    }

    /// The people that it names.
    pub fn people(&self) -> Option<&From> {
        if let Self::HasAuthorIn(from)
        | Self::HasContributorIn(from)
        | Self::OnlyHasContributorsIn(from)
        | Self::HasValidSignaturesBy(from) = self
        {
            Some(from)
        } else {
            None
        }
    }
}
