use insta::assert_snapshot;

use super::*;

fn drawn(text: &str) -> String {
    let mut page = Markup::default();
    diff(&mut page, text);
    page.into_string()
}

#[test]
fn a_change_stands_between_lines_that_stay() {
    assert_snapshot!(drawn("@@ -1,3 +1,3 @@\n spec:\n-  replicas: 3\n+  replicas: 5\n@@ -9 +9 @@\n+  a: b\n@@ 4 more lines are not shown: 4 added, 0 removed @@\n"), @r#"
    <pre class="diff"><span class="row"><span class="l"> spec:
    </span><span class="r twin" aria-hidden="true"> spec:
    </span></span><span class="row"><del class="l">-  replicas: <mark>3</mark>
    </del><ins class="r">+  replicas: <mark>5</mark>
    </ins></span><span class="gap">⋯ 
    </span><span class="row"><ins class="r">+  a: b
    </ins></span><span class="gap">⋯ 4 more lines are not shown: 4 added, 0 removed
    </span></pre>
    "#);
}

#[test]
fn what_only_comes_has_one_side() {
    assert_snapshot!(drawn("+a: 1\n+b: <\n"), @r#"
    <pre class="diff whole"><span class="row"><ins class="r">+a: 1
    +b: &lt;
    </ins></span></pre>
    "#);
    assert_snapshot!(drawn(""), @"");
}

#[test]
fn words_that_differ_are_marked_whole() {
    #[track_caller]
    fn check(line: &str, twin: &str, marked: Option<(&str, &str, &str)>) {
        assert_eq!(difference(line, twin), marked, "{line:?} {twin:?}");
    }
    check("-  replicas: 3", "+  replicas: 5", Some(("-  replicas: ", "3", "")));
    check("-  image: r/shop:1.4.2", "+  image: r/shop:1.5.2", Some(("-  image: r/shop:", "1.4.2", "")));
    check("-  a: x/y/z", "+  a: x/ß/z", Some(("-  a: x/", "y", "/z")));
    check("-  a: 1", "+  b: 1", None);
    check("-  a: b", "+  a: b c", Some(("-  a: ", "b", "")));
    check("-  a: b c", "+  a: b", Some(("-  a: ", "b c", "")));
    check("-", "+", None);
    check("-aß", "+aü", None);
}
