//! What is wrong with the expression of a check, at its very place in the file.
use insta::assert_snapshot;

use super::mistakes::told;
use super::wrong;

#[test]
fn an_expression_is_wrong_where_it_is_wrong() {
    let check = |cel: &str| format!("check = [{{ name = \"c\", cel = \"{cel}\" }}]");
    let lines = [
        check("objct.kind == 'Pod'"),
        check("object.spec.containers.al(c, true)"),
        check("object.spec.containers.all(true)"),
        check("[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))"),
        check("object.kind =="),
        check("object.kind = 'x'"),
        check("(object.kind == 'x'"),
        check("a.b.C{x: 1} == 1"),
        check("'éé' == objct.kind"),
        check("object.kind == 'x' and true"),
        check("object.kind == 'x"),
        check("object.kind == 'x')"),
        check("[1, 2"),
        check("object.spec.replicas * 2"),
        check("'text'"),
    ];
    assert_snapshot!(told(&lines.each_ref().map(String::as_str)), @r#"
    objct: there is no variable `objct` (did you mean `object`?)
    al: there is no function `al` with these arguments
    all: there is no function `all` with these arguments
    (: loops nest deeper than 3 (split the check into several)
    ": this expression ends too early
    =: `=` cannot stand here (did you mean `==`?)
    ": this expression ends too early: `)` is missing
    {: messages cannot be built in a check
    objct: there is no variable `objct` (did you mean `object`?)
    and: `and` cannot stand here (did you mean `&&`?)
    'x: this text does not end
    ): `)` cannot stand here
    ": this expression ends too early
    object.spec.replicas * 2: this does not answer with true or false (say what must hold, like `object.spec.replicas >= 2`)
    'text': this does not answer with true or false (say what must hold, like `object.spec.replicas >= 2`)
    "#);
}

#[test]
fn an_expression_over_several_lines_is_wrong_on_its_line() {
    assert_snapshot!(wrong("version = 1\n[[check]]\nname = 'c'\ncel = \"\"\"\nobject.kind == 'Pod' ||\n  objct.spec.x > 1\n\"\"\"\n"), @r#"
    error: there is no variable `objct`
     --> .countersign.toml:6:3
      |
    6 |   objct.spec.x > 1
      |   ^^^^^ did you mean `object`?
    "#);
}
