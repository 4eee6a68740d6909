//! Policies that are made up: the conditions of the table in all manner of places.

use super::ask::Question;
use super::dice::Dice;
use super::table::{self, CONDITIONS};

pub(crate) fn questions(seed: u64, count: usize) -> Vec<Question> {
    let mut dice = Dice(seed);
    (0..count).map(|_| question(&mut dice)).collect()
}

fn question(dice: &mut Dice) -> Question {
    let mut rules = String::new();
    for number in 0..1 + dice.below(3) {
        let body = body(dice, 2);
        let name = dice.pick(&["deny", "deny_more", "warn", "violation"]);
        let message =
            if name == "violation" { format!("{{\"msg\": \"{number}\"}}") } else { format!("\"{number}\"") };
        rules.push_str(&format!("{name} contains {message} if {{\n{body}\n}}\n"));
    }
    let (first, second) = (body(dice, 1), body(dice, 1));
    rules.push_str(&format!("made if {{\n{first}\n}}\nmade_of(x) := x if {{\n{second}\n}}\n"));
    table::with("made up", &rules)
}

/// Some conditions below each other.
fn body(dice: &mut Dice, deep: usize) -> String {
    let many = 1 + dice.below(3);
    (0..many).map(|number| condition(dice, deep, number)).collect::<Vec<_>>().join("\n")
}

fn condition(dice: &mut Dice, deep: usize, number: usize) -> String {
    let plain = dice.pick(CONDITIONS);
    if deep == 0 {
        return plain.to_owned();
    }
    match dice.below(10) {
        0..=2 => format!("not {plain}"),
        3 => format!(
            "every e{deep}{number} in input.list {{ e{deep}{number} != 9; {} }}",
            body(dice, deep - 1)
        ),
        4 => format!("count([1 | {}]) == {}", body(dice, deep - 1).replace('\n', "; "), dice.below(2)),
        5 if deep == 2 => dice
            .pick(&[
                "made",
                "not made",
                "made_of(input.kind)",
                "not made_of(input.missing)",
                "made_of(false)",
            ])
            .to_owned(),
        6 => {
            format!("some i{deep}{number}, v{deep}{number} in input.list\nv{deep}{number} > i{deep}{number}")
        }
        7 => format!("n{deep}{number} := input.nested[_]\nnot n{deep}{number}.limits"),
        _ => plain.to_owned(),
    }
}
