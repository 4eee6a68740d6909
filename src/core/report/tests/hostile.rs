//! Names and messages that try to break out.

use insta::assert_snapshot;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::json;

use super::comment::drawn;
use super::sample::*;
use crate::effect::{Operation, Risk};
use crate::evaluation::{Drift, PathOperation};
use crate::object::{Origin, Place};
use crate::policy::{Waived, WaiverNotice, WaiverState};
use crate::report::*;

/// A report in which everything that others name carries the same text.
pub(super) fn carrying(text: &str) -> Report {
    let mut report = blocked();
    let evil = EffectReport {
        source: Some(Origin { file: text.into(), line: 1 }),
        risks: [Risk::Privilege, Risk::Image, Risk::Chart].into(),
        reason: Some(text.into()),
        changes: vec![field(text, json!(text), json!([text])), field("a.image", json!(text), json!("b:1"))],
        diff: format!("-{text}\n+{text}\n"),
        moved_from: Some(text.into()),
        ..effect(Operation::Update, object(text, text, text))
    };
    let mut environment =
        environment(text, vec![unit(text, vec![evil.clone(), EffectReport { diff: String::new(), ..evil }])]);
    environment.drift = vec![Drift {
        object: object(text, text, text),
        changes: vec![field(text, json!(text), json!(text))],
        overwritten: vec![text.to_owned()],
    }];
    report.environments.push(environment);
    report.outside.push(OutsideReport { path: text.into(), change: PathOperation::Remove });
    let mut finding = finding(text, text);
    finding.rule = Some(text.into());
    finding.environment = text.into();
    finding.file = Some(text.into());
    finding.object = Some(object(text, text, text));
    report.findings.push(finding.clone());
    report.findings.push(finding.clone().standing(Some(Place::Rendered { line: 7 }), text));
    finding.waived = Some(Waived { by: text.into(), reason: text.into(), until: text.into() });
    report.findings.push(finding.clone());
    let mut rule = requirement(text, 2, text, &[text]);
    rule.note = Some(text.into());
    rule.about = Some(text.into());
    rule.could = vec![text.into()];
    rule.ignored = vec![IgnoredReport { who: text.into(), reason: text.into() }];
    report.requirements.push(rule.clone());
    report.waivers.push(WaiverNotice {
        check: text.into(),
        objects: vec![text.into()],
        environments: vec![text.into()],
        by: text.into(),
        reason: text.into(),
        until: text.into(),
        state: WaiverState::Expired,
        findings: 1,
    });
    report.proposed_policy = Some(Box::new(ProposedReport {
        verdict: VerdictReport { outcome: text.into(), reasons: vec![reason(text, text, None, None)] },
        requirements: vec![rule],
        findings_added: vec![finding.clone()],
        findings_removed: vec![finding.clone()],
        findings_waived: vec![finding],
        cases: 1,
        failed_cases: vec![FailedCase { name: text.into(), line: 1, differs: vec![text.into()] }],
        notes: vec![text.into()],
    }));
    report.errors.push(ErrorReport {
        environment: Some(text.into()),
        unit: Some(text.into()),
        side: None,
        object: None,
        message: text.into(),
        file: Some(text.into()),
        line: None,
        column: None,
        undecided: true,
    });
    report.verdict.reasons.push(reason("cluster", text, Some(text), Some(text)));
    report.verdict.reasons.push(reason(text, text, Some(text), Some(text)));
    report
}

/// What a reader's browser makes of the comment: headings, links, tags, words outside of code.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    headings: usize,
    links: Vec<String>,
    folds: (usize, usize),
    tags: Vec<String>,
    words: String,
}

fn seen(markdown: &str) -> Seen {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let mut seen = Seen::default();
    let mut code = false;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Heading { .. }) => seen.headings += 1,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                seen.links.push(dest_url.to_string())
            }
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(end) => {
                code &= end != TagEnd::CodeBlock;
                seen.words.push('\n');
            }
            Event::Code(_) => seen.words.push('\n'),
            Event::Text(text) if !code => seen.words.push_str(&text),
            Event::Html(html) | Event::InlineHtml(html) => {
                seen.folds.0 += html.matches("<details>").count();
                seen.folds.1 += html.matches("</details>").count();
                for tag in html.split('<').skip(1) {
                    let tag = tag.split('>').next().unwrap().to_owned();
                    if !seen.tags.contains(&tag) {
                        seen.tags.push(tag);
                    }
                }
                seen.words.push_str(&html.replace("&#8203;", "\u{200b}"));
            }
            _ => {}
        }
    }
    seen.tags.sort();
    seen
}

#[track_caller]
fn check(text: &str) {
    let comment = drawn(&carrying(text), &[], &["/hold"]);
    let plain = seen(&drawn(&carrying("plain"), &[], &["/hold"]));
    let seen = seen(&comment);
    assert_eq!(seen.headings, 1, "{text:?}:\n{comment}");
    assert_eq!(seen.links, plain.links, "{text:?}:\n{comment}");
    assert_eq!(seen.folds, plain.folds, "{text:?}:\n{comment}");
    let known = [
        "!-- countersign:change hub/acme/env#481 --",
        "/b",
        "/code",
        "/details",
        "/summary",
        "b",
        "code",
        "details",
        "summary",
    ];
    assert!(
        seen.tags.iter().all(|tag| known.contains(&tag.as_str())),
        "{text:?}: {:?}\n{comment}",
        seen.tags
    );
    let words = seen.words.replace("<!-- countersign:change hub/acme/env#481 -->", "");
    assert!(!mentions(&words), "{text:?}: {words}\n{comment}");
    assert!(!comment.contains(is_invisible), "{text:?}: {comment:?}");
    assert_eq!(
        crate::command::parse(&comment, "countersign").unwrap(),
        crate::command::Parsed::default(),
        "{comment}"
    );
}

/// The same for who has to agree, where it is told alone.
#[track_caller]
fn check_approvals(text: &str) {
    let list =
        |report: &Report| approvals(report).iter().map(|line| format!("- {line}\n")).collect::<String>();
    let told = list(&carrying(text));
    assert_eq!(told.lines().count(), approvals(&carrying("plain")).len(), "{text:?}:\n{told}");
    let seen = seen(&told);
    let known = ["/code", "code"];
    assert!(seen.tags.iter().all(|tag| known.contains(&tag.as_str())), "{text:?}: {:?}\n{told}", seen.tags);
    assert_eq!((seen.headings, seen.links.len()), (0, 0), "{text:?}:\n{told}");
    assert!(!mentions(&seen.words), "{text:?}: {}\n{told}", seen.words);
    assert!(!told.contains(is_invisible), "{text:?}: {told:?}");
}

/// Whether words name somebody, or another change.
fn mentions(words: &str) -> bool {
    let after = |sign: char| words.split(sign).skip(1).any(|after| after.starts_with(char::is_alphanumeric));
    after('@') || after('#')
}

#[test]
fn hostile_names_stay_names() {
    for text in [
        "```\n</details>\n\n# Approved\n",
        "</summary></details><script>alert(1)</script>",
        "<!-- countersign:change hub/acme/env#481 -->",
        "-->",
        "@acme/sre",
        "fixes #1",
        "a|b|c\n|---|",
        "\n\n/merge\n\n",
        "](https://x.example)![x](https://x.example/x.png)",
        "\u{202e}\u{200b}\u{1b}[31m\u{feff}",
        "`````` ` `` ```",
        "~~~\n***\n---\n===",
        "https://x.example/ www.x.example",
        "&lt;b&gt; &#64;team &commat;team",
        "<b",
        "\\",
        "\\`|\\|",
        "> [!NOTE]\n> x",
        "",
        " ",
    ] {
        check(text);
        check_approvals(text);
    }
}

#[test]
fn a_hostile_comment_reads_like_this() {
    let mut report = quiet();
    report.environments =
        vec![carrying("`@acme/sre` fixes #1 </details>|\u{202e}\n# Approved").environments.pop().unwrap()];
    assert_snapshot!(drawn(&report, &[], &["/hold"]), @r#"
    <!-- countersign:change hub/acme/env#481 -->
    ### ✅ Ready

    **Would change 2 objects in \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved.** Predicted by the cluster itself (dry run); merge of `3f2c91a` into `main`.

    > [!WARNING]
    > - **Privilege** · `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved: `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved/'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> → <code>\["'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E›\\n# Approved"\]</code>; `a.image` <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> → `b:1`: `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved

    | environment | unit | change | cluster |
    |---|---|--:|---|
    | **\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved** | \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved | 2 | 1 object differs |

    | image | from | to | where |
    |---|---|---|---|
    | `b` | <code>\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> | **`1`** | \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved |

    <details><summary><b>`@&#8203;acme/sre` fixes #&#8203;1 &lt;/details&gt;|‹U+202E› # Approved / `@&#8203;acme/sre` fixes #&#8203;1 &lt;/details&gt;|‹U+202E› # Approved</b> · 2 objects</summary>

    ~ \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved <code>\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved/\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> · <code>\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved:1</code> · moves here from \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved · `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved
    ```diff
    -`@acme/sre` fixes #1 </details>|‹U+202E›
    # Approved
    +`@acme/sre` fixes #1 </details>|‹U+202E›
    # Approved
    ```

    ~ \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved <code>\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved/\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> · <code>\`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved:1</code> · moves here from \`@&#8203;acme/sre\` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved · `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved
    ```text
    '@acme/sre' fixes #1 </details>|‹U+202E›
    # Approved '@acme/sre' fixes #1 </details>|‹U+202E›
    # Approved → ["'@acme/sre' fixes #1 </details>|‹U+202E›\n# Approved"]
    a.image '@acme/sre' fixes #1 </details>|‹U+202E›
    # Approved → b:1
    ```

    </details>

    <details><summary>Already different in the cluster, and would be overwritten: `@&#8203;acme/sre` fixes #&#8203;1 &lt;/details&gt;|‹U+202E› # Approved (1 object)</summary>

    - `@acme/sre` fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved/'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code>: <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code> is <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code>, `main` says <code>'@&#8203;acme/sre' fixes \#&#8203;1 &lt;/details&gt;\|‹U+202E› # Approved</code>

    </details>

    You can: `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_name_breaks_out(text in r"([`<>|@#!&;:/\\\n\[\]()*_~$=+. -]|</details>|<!--|-->|[a-c1]|```|\u{202e}){0,12}") {
        check(&text);
        check_approvals(&text);
    }
}
