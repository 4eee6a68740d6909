//! What a policy in Rego may not do to the program: call itself, use up its memory or its stack, or keep it reading; and
//! what is refused since it could never be judged.

use std::time::{Duration, Instant};

use super::rego::{found, says};

/// Why a policy is refused before anything is judged.
#[track_caller]
fn refused(policy: &str) -> String {
    let said = says(policy);
    let why = said.strip_prefix("error : check `c` could not be run: ");
    let why = why.and_then(|why| why.strip_suffix(" (errored)\n"));
    why.unwrap_or_else(|| panic!("{policy}\n{said}")).to_owned()
}

#[test]
fn what_needs_itself_is_refused_with_what_needs_what() {
    let table = [
        ("f(x) := y if { y := f(x + 1) }\ndeny contains \"x\" if f(1)", "2:1: `data.main.f` needs itself"),
        (
            "f(x) := g(x)\ng(x) := h(x)\nh(x) := f(x)\ndeny contains \"x\" if f(1)",
            "2:1: `data.main.f` needs `data.main.g`, which needs `data.main.h`, which needs `data.main.f`",
        ),
        (
            "p if not q\nq if not p\ndeny contains \"x\" if p",
            "2:1: `data.main.p` needs `data.main.q`, which needs `data.main.p`",
        ),
        ("deny contains \"x\" if \"y\" in deny", "2:1: `data.main.deny` needs itself"),
        ("deny contains \"x\" if deny[_]", "2:1: `data.main.deny` needs itself"),
        (
            "p[\"a\"] := 1\np[k] := v if { k := \"b\"; v := p.a }\ndeny contains \"x\" if p.b",
            "3:1: `data.main.p` needs itself",
        ),
        (
            "p.a := p.b\np.b := p.a\ndeny contains \"x\" if p.a",
            "2:1: `data.main.p.a` needs `data.main.p.b`, which needs `data.main.p.a`",
        ),
        ("p.a := count(p)\ndeny contains \"x\" if p.a", "2:1: `data.main.p.a` needs itself"),
        ("f(x) := data.main.f(x)\ndeny contains \"x\" if f(1)", "2:1: `data.main.f` needs itself"),
        (
            "p := 1 if input.a\nelse := p if input.b\ndeny contains \"x\" if p",
            "2:1: `data.main.p` needs itself",
        ),
        (
            "p := [x | some x in q]\nq := {\"a\": p}\ndeny contains \"x\" if p",
            "2:1: `data.main.p` needs `data.main.q`, which needs `data.main.p`",
        ),
        (
            "p if { every x in input.a { x == q } }\nq if p\ndeny contains \"x\" if p",
            "2:1: `data.main.p` needs `data.main.q`, which needs `data.main.p`",
        ),
        ("p if { true with data.main.p as 1 }\ndeny contains \"x\" if p", "2:1: `data.main.p` needs itself"),
        ("p if { input.a[p] }\ndeny contains \"x\" if p", "2:1: `data.main.p` needs itself"),
        ("p if { x := p; x }\ndeny contains \"x\" if p", "2:1: `data.main.p` needs itself"),
    ];
    for (rules, why) in table {
        let said = refused(&format!("package main\n{rules}"));
        assert_eq!(
            said,
            format!("policy/p.rego:{why}: rules and functions may not need themselves"),
            "{rules}"
        );
    }
}

#[test]
fn what_needs_itself_through_another_file_is_refused() {
    let files = [
        ("policy/a.rego", "package a\nimport data.b\n\nf(x) := b.g(x)\ndeny contains \"x\" if f(1)"),
        ("policy/b.rego", "package b\nimport data.a.f as other\ng(x) := other(x)"),
    ];
    let said = found(&files, None, Some(serde_json::json!({ "kind": "Pod" })));
    let circle = "policy/a.rego:4:1: `data.a.f` needs `data.b.g`, which needs `data.a.f`";
    assert!(said.contains(circle), "{said}");
}

#[test]
fn what_only_looks_as_if_it_needed_itself_is_judged() {
    for rules in [
        "p.a := p.b\np.b := true\ndeny contains \"x\" if p.a",
        "p[\"a\"] := p[\"b\"]\np[\"b\"] := true\ndeny contains \"x\" if p.a",
        "f(p) := p\np := f(true)\ndeny contains \"x\" if p",
        "p if { p := true; p }\ndeny contains \"x\" if p",
        "p if { every p in [1] { p == 1 } }\ndeny contains \"x\" if p",
        "p if input.missing.p == 1\np if input.kind == \"Deployment\"\ndeny contains \"x\" if p",
        "p if input[\"kind\"]\nq if p\nr if { p; q }\ndeny contains \"x\" if { p; q; r }",
        "p if { {\"p\": 1}.p == 1 }\ndeny contains \"x\" if p",
    ] {
        assert_eq!(says(&format!("package main\n{rules}")), "error deny: x\n", "{rules}");
    }
}

#[test]
fn a_variable_without_a_value_is_refused_at_its_place() {
    let table = [
        ("deny contains \"x\" if { some x; startswith(x, \"a\") }", "2:43", "x"),
        ("deny contains \"x\" if {\n  some x\n  not input.a[x] > 1\n}", "4", "x"),
        ("deny contains \"x\" if count([y | some y; y > 1]) == 1", "2:29", "y"),
        ("deny contains \"x\" if { some x, y; x = y + 1; y = x - 1 }", "2:35", "x"),
        ("deny contains m if { some m; input.a }", "2:15", "m"),
        (
            "deny contains \"x\" if f(1)\ng(x) := x\nf(x) := x if { every y in [1] { some z; g(z) == y } }",
            "4:43",
            "z",
        ),
        ("deny contains \"x\" if startswith(_, \"a\")", "2:33", "_"),
    ];
    for (rules, place, name) in table {
        let said = refused(&format!("package main\n{rules}"));
        let what = format!("`{name}` has no value here (OPA says that it is unsafe)");
        let at = format!("policy/p.rego:{place}:");
        assert!(said.starts_with(&at) && said.contains(&what), "{rules}: {said}");
    }
    let older = refused("package main\ndeny[msg] {\n  some msg\n  input.kind\n}\n");
    assert!(older.starts_with("policy/p.rego:2:6: `msg` has no value here"), "{older}");
    // The order of the lines makes no difference, nor does what stands in brackets.
    for rules in [
        "deny contains x if { startswith(x, \"D\"); x = y; y = input.kind }",
        "deny contains k if { some k; input.metadata[k] = input.metadata[_]; k == \"name\" }",
        "deny contains m if { f(input.kind, m) }\nf(x) := x",
    ] {
        assert!(says(&format!("package main\n{rules}")).starts_with("error deny: "), "{rules}");
    }
}

#[test]
fn rules_may_lean_on_one_another_but_not_without_end() {
    let chain = |length: usize| {
        let rules: String = (1..length).map(|at| format!("f{at}(x) := f{}(x)\n", at - 1)).collect();
        format!("package main\nf0(x) := x\n{rules}deny contains \"x\" if f{}(true)", length - 1)
    };
    assert_eq!(says(&chain(150)), "error deny: x\n");
    let said = refused(&chain(20_000 - 10));
    assert!(said.contains("more than 200 rules need one another in a row here"), "{said}");
}

/// That a policy ends in an error, and soon.
#[track_caller]
fn ended(policy: &str, why: &[&str]) {
    let begun = Instant::now();
    let said = says(policy);
    let shown: String = policy.chars().take(600).collect();
    assert!(said.contains("(errored)") && why.iter().any(|why| said.contains(why)), "{shown}\n{said}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{shown}\n{:?}", begun.elapsed());
}

const MEMORY: &str = "it needs too much memory: a rule may make 128 MB for an object";
const TIME: &str = "it ran out of time: a rule may take 2 s for an object";
const STEPS: &str = "it would take too long";

/// A policy that does a step again and again, and something with what comes out.
fn repeated(first: &str, step: &str, last: &str) -> String {
    let lines = (0..40).map(|at| {
        let (old, new) = (format!("t{at}"), format!("t{}", at + 1));
        format!("{}\n", step.replace("OLD", &old).replace("NEW", &new))
    });
    let lines: String = lines.collect();
    format!(
        "package main\ndeny contains \"x\" if {{\nt0 := {first}\n{lines}{}\n}}",
        last.replace("OLD", "t40")
    )
}

#[test]
fn texts_that_grow_are_ended() {
    let letters = "\"aaaaaaaaaaaaaaaa\"";
    for step in [
        "NEW := concat(\"\", [OLD, OLD, OLD, OLD, OLD, OLD, OLD, OLD])",
        "NEW := concat(\"\", [x | some i in [1, 2, 3, 4]; x := OLD])",
        "NEW := concat(OLD, split(OLD, \"\"))",
        "NEW := concat(OLD, split(OLD, \"a\"))",
        "NEW := replace(OLD, \"a\", OLD)",
        "NEW := strings.replace_n({\"a\": OLD}, OLD)",
        "NEW := regex.replace(OLD, \"a\", OLD)",
        "NEW := regex.replace(OLD, \"(.*)\", \"$1$1$1\")",
        "NEW := sprintf(\"%s%s%s%s\", [OLD, OLD, OLD, OLD])",
        "NEW := sprintf(\"%x%q%v\", [OLD, OLD, [OLD, OLD]])",
        "NEW := json.marshal([OLD, OLD, OLD, OLD])",
        "NEW := json.marshal(OLD)",
        "NEW := base64.encode(base64.encode(base64.encode(OLD)))",
        "NEW := hex.encode(OLD)",
        "NEW := urlquery.encode(replace(OLD, \"a\", \"/aa/\"))",
        "NEW := urlquery.encode_object({\"a\": [OLD, OLD, OLD]})",
    ] {
        ended(&repeated(letters, step, "count(OLD) == 1"), &[MEMORY, TIME, STEPS, "is nested too deep"]);
    }
    let wide = "deny contains \"x\" if { a := concat(\"\", [\"a\" | some i in numbers.range(1, 90000)]); b := replace(a, \"a\", a); count(b) == 1 }";
    ended(&format!("package main\n{wide}"), &[MEMORY]);
}

#[test]
fn values_that_hold_one_another_are_ended() {
    let whys = [MEMORY, TIME, "nested more than 256 deep", STEPS];
    for (first, step) in [
        ("[1]", "NEW := [OLD, OLD]"),
        ("[1]", "NEW = [OLD, OLD]"),
        ("[1]", "[NEW, _] = [[OLD, OLD], 1]"),
        ("[1]", "NEW := {\"a\": OLD, \"b\": OLD}"),
        ("{1}", "NEW := {[1, OLD], [2, OLD]}"),
        ("[1]", "NEW := [x | some i in [1, 2]; x := OLD]"),
        ("[1]", "NEW := {[i, OLD] | some i in [1, 2]}"),
        ("[1]", "NEW := {i: OLD | some i in [1, 2]}"),
        ("[1, 2]", "NEW := array.concat(OLD, OLD)"),
        ("[[1], [2]]", "NEW := array.flatten([OLD, OLD])"),
        ("{\"a\": 1}", "NEW := object.union({\"a\": OLD}, {\"b\": OLD})"),
        ("[1]", "NEW := object.get({\"a\": [OLD, OLD]}, \"a\", 1)"),
    ] {
        for last in [
            "json.marshal(OLD) == \"\"",
            "sprintf(\"%v\", [OLD]) == \"\"",
            "OLD == input.z",
            "OLD == json.unmarshal(json.marshal(OLD))",
            "walk(OLD, [_, 7])",
            "print(OLD)",
            "sort([OLD, OLD]) == 1",
            "object.union({\"a\": OLD}, {\"a\": OLD}) == 1",
        ] {
            ended(&repeated(first, step, last), &whys);
        }
    }
    let deep: String = (0..900).map(|at| format!("a{} := [a{at}]\n", at + 1)).collect();
    ended(&format!("package main\ndeny contains \"x\" if {{\na0 := []\n{deep}a900 == [1]\n}}"), &whys);
}

#[test]
fn values_that_grow_through_rules_are_ended() {
    let whys = [MEMORY, TIME];
    let rules = |rule: &str, last: &str| {
        let rules = (0..40).map(|at| {
            let (old, new) = (format!("r{at}"), format!("r{}", at + 1));
            format!("{}\n", rule.replace("OLD", &old).replace("NEW", &new))
        });
        let rules: String = rules.collect();
        format!("package main\nr0 := [1]\nf0(x) := x\n{rules}{last}")
    };
    for (rule, last) in [
        ("NEW := [OLD, OLD]", "deny contains {\"msg\": \"x\", \"details\": r40}"),
        ("NEW := {\"a\": OLD, \"b\": OLD}", "deny contains {\"msg\": \"x\", \"details\": r40}"),
        ("NEW contains [i, OLD] if some i in [1, 2]", "deny contains json.marshal(r40)"),
        ("NEW[i] := OLD if some i in [1, 2]", "deny contains json.marshal(r40)"),
        ("fNEW(x) := fOLD([x, x])", "fr0(x) := json.marshal(x)\ndeny contains \"x\" if fr40([1]) == \"\""),
        ("fNEW(x) := [fOLD(x), fOLD(x)]", "fr0(x) := x\ndeny contains \"x\" if fr40([1]) == \"\""),
        (
            "NEW if OLD with input.a as input with input.b as input",
            "deny contains json.marshal(input) if r40 with input.a as input",
        ),
    ] {
        let policy = rules(rule, last);
        let begun = Instant::now();
        let said = says(&policy);
        assert!(begun.elapsed() < Duration::from_secs(30), "{rule}: {:?}", begun.elapsed());
        // What is shared takes no memory where nobody walks through it.
        let harmless = rule.contains("with input");
        assert!(
            harmless || (said.contains("(errored)") && whys.iter().any(|why| said.contains(why))),
            "{rule}\n{said}"
        );
    }
}

#[test]
fn lists_without_end_are_ended() {
    let many = "some i in numbers.range(1, 99999); some j in numbers.range(1, 99999)";
    for rules in [
        format!("deny contains \"x\" if count({{[i, j] | {many}}}) == 1"),
        format!("deny contains \"x\" if count([i | {many}]) == 1"),
        format!("deny contains \"x\" if count([\"x\" | {many}]) == 1"),
        format!("deny contains \"x\" if count({{k: j | {many}; k := (i * 100000) + j}}) == 1"),
        format!("p contains [i, j] if {{ {many} }}\ndeny contains \"x\" if count(p) == 1"),
        format!("p[k] := j if {{ {many}; k := (i * 100000) + j }}\ndeny contains \"x\" if count(p) == 1"),
        format!("deny contains \"x\" if {{ {many}; print(numbers.range(1, 9999)); j == -1 }}"),
        "deny contains \"x\" if bits.lsh(1, 4000000000) == 1".to_owned(),
        "deny contains \"x\" if { g := {i: numbers.range(1, 90000) | some i in numbers.range(1, 90000)}; count(graph.reachable(g, [1])) == 1 }".to_owned(),
        "deny contains \"x\" if { l := [sprintf(\"%d\", [i]) | some i in numbers.range(1, 90000)]; strings.any_prefix_match(l, l) == 7 }".to_owned(),
        "deny contains \"x\" if { t := concat(\"\", [\"1\" | some i in numbers.range(1, 90000)]); to_number(t) == 1 }".to_owned(),
    ] {
        ended(&format!("package main\n{rules}"), &[MEMORY, TIME, STEPS, "too many digits"]);
    }
    let older = "package main\np[[i, j]] { i := numbers.range(1, 99999)[_]; j := numbers.range(1, 99999)[_] }\ndeny[msg] { count(p) == 1; msg := \"x\" }";
    ended(older, &[MEMORY, TIME]);
}

/// What takes long to read, or a deep stack, and where that is said.
#[test]
fn what_is_too_deep_or_too_long_to_read_is_refused_at_its_place() {
    let value = |value: &str| format!("package main\ndeny contains \"x\" if x == 1\nx := {value}\n");
    let nested = |open: &str, close: &str, depth: usize| {
        value(&format!("{}1{}", open.repeat(depth), close.repeat(depth)))
    };
    let chain = |between: &str, length: usize| value(&vec!["1"; length].join(between));
    let lines: String = (0..1_200).map(|at| format!("a{at} := {at}\n")).collect();
    for (policy, why) in [
        (nested("[", "]", 18), "3:21: what is here is nested too deep to be read"),
        (nested("[", "]", 3_000), "3:21: what is here is nested too deep to be read"),
        (nested("{\"a\": ", "}", 18), "nested too deep to be read"),
        (nested("[1 | ", "true]", 20), "nested too deep to be read"),
        (nested("(", ")", 3_000), "3:38: more than 32 brackets are around this"),
        (nested("count(", ")", 1_500), "more than 32 brackets are around this"),
        (nested("[1, ", "]", 2_000), "more than 32 brackets are around this"),
        (nested("-", "", 4_000), "3:204: more than 200 operators or fields stand in a row here"),
        (chain(" + ", 400), "more than 200 operators"),
        (chain(" +\n", 18_000), "more than 200 operators"),
        (chain(" |\n", 18_000), "more than 200 operators"),
        (chain("\n== ", 18_000), "more than 200 operators"),
        (value(&format!("input{}", ".a".repeat(4_000))), "more than 200 operators"),
        (value(&format!("input{}", "[0]".repeat(3_000))), "more than 200 operators"),
        (
            format!("package main\ndeny contains \"x\" if {{\n{lines}}}"),
            "1004:1: a body has more than 1000 lines here",
        ),
        (
            format!("package main\ndeny contains \"x\" if {{ {} }}", "true; ".repeat(1_100)),
            "a body has more than 1000 lines here",
        ),
    ] {
        let begun = Instant::now();
        let said = refused(&policy);
        assert!(said.starts_with("policy/p.rego:") && said.contains(why), "{why}: {said}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{why}: {:?}", begun.elapsed());
    }
}

#[test]
fn what_people_write_is_read_however_long() {
    let entries: Vec<String> =
        (0..5_000).map(|at| format!("{{\"name\": \"n{at}\", \"ports\": [{at}, 1]}},\n")).collect();
    let rules: String = (0..2_000)
        .map(|at| format!("# a rule, \"quoted\n p{at} if {{ input.a[0].b[{at}] == `\"[` }}\n"))
        .collect();
    let texts = "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{\"";
    let nested = format!("{}1{}", "[".repeat(9), "]".repeat(9));
    let policy = format!(
        "package main\nlist := [{}]\n{rules}nested := {nested}\ntexts := {texts}\ndeny contains \"x\" if {{ count(list) == 5000; texts != nested }}",
        entries.concat()
    );
    assert_eq!(says(&policy), "error deny: x\n");
}
