use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(render(text).trim(), expected, "{text:?}");
}

#[test]
fn harmless_markup_is_kept() {
    check("**a** `b`", "<p><strong>a</strong> <code>b</code></p>");
    check("a\nb", "<p>a<br />\nb</p>");
    check("a<br>b <b>c</b>", "<p>a<br>b <b>c</b></p>");
    check(
        "<details><summary><b>x</b> · 4</summary>\n\ny\n</details>",
        "<details><summary><b>x</b> · 4</summary>\n<p>y</p>\n</details>",
    );
    check("<details open>\n\ny\n\n</details>", "<details open>\n<p>y</p>\n</details>");
    check(
        "|a|\n|-|\n|b|",
        "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>b</td></tr>\n</tbody></table>",
    );
    check("> [!WARNING]\n> x", "<blockquote class=\"markdown-alert-warning\">\n<p>x</p>\n</blockquote>");
    check(
        "```diff\n-a\n+<b>\n```",
        "<pre class=\"diff\"><span class=\"removed\">-a\n</span><span class=\"added\">+&lt;b&gt;\n</span></pre>",
    );
}

#[test]
fn html_comments_are_hidden() {
    check("<!-- countersign:change -->\nx", "<p>x</p>");
    check("<!-- one\n\ntwo -->\n\nx", "<p>x</p>");
    check("a <!-- b --> c", "<p>a  c</p>");
    check("<!-- never ends", "");
}

#[test]
fn everything_else_is_shown_and_not_done() {
    check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
    check("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>");
    check("<b onclick=alert(1)>x</b>", "<p>&lt;b onclick=alert(1)&gt;x</p>");
    check("[x](javascript:alert(1))", "<p><a href=\"#\">x</a></p>");
    check("[x](https://example.org/?a=1)", "<p><a href=\"https://example.org/?a=1\">x</a></p>");
    check("![x](https://example.org/y.png)", "<p><a href=\"https://example.org/y.png\">x</a></p>");
    check("<style>\n*{display:none}\n</style>", "&lt;style&gt;\n*{display:none}\n&lt;/style&gt;");
    check("<div\nonclick=x", "&lt;div\nonclick=x");
}

#[test]
fn what_is_left_open_is_closed_and_nothing_more() {
    check("<details>\n\nx", "<details>\n<p>x</p>\n</details>");
    check("</details>\n\nx", "<p>x</p>");
    check("<b>x", "<p><b>x</p>\n</b>");
}
