//! `init` on repositories of several shapes: what it writes is taken by the program that wrote it.

use super::{Desk, files, web};
use crate::source::git;

const ROOT: &str = "resources: [../../base]\n";

/// Runs `init`; its policy with every suggestion switched on must be taken as well.
#[track_caller]
fn init(desk: &Desk, arguments: &[&str]) -> String {
    let done = desk.run("env", &[&["init"], arguments].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let policy = std::fs::read_to_string(desk.path("env/.countersign.toml")).unwrap();
    let on = |line: &str| match line.strip_prefix('#') {
        Some(code) if !code.starts_with(' ') => format!("{code}\n"),
        Some(_) | None => format!("{line}\n"),
    };
    std::fs::write(desk.path("on.toml"), policy.lines().map(on).collect::<String>()).unwrap();
    for file in [".countersign.toml", "../on.toml"] {
        let checked = desk.run("env", &["policy", "check", file]);
        assert_eq!(checked.code, 0, "{}\n{policy}", checked.out);
        assert!(!checked.out.contains("warning"), "{}", checked.out);
    }
    done.out
}

/// The lines of the written policy that are in force.
fn in_force(desk: &Desk) -> String {
    let text = std::fs::read_to_string(desk.path("env/.countersign.toml")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn environments_are_written_as_a_person_would() {
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    let mut all = vec![
        ("base/kustomization.yaml".to_owned(), "resources: [web.yaml]\n".to_owned()),
        ("base/web.yaml".to_owned(), web(2)),
        ("charts/shop/Chart.yaml".to_owned(), chart.to_owned()),
        ("charts/shop/values-staging.yaml".to_owned(), "a: 1\n".to_owned()),
        ("charts/shop/templates/role.yaml".to_owned(), "kind: Role\n".to_owned()),
        ("plain/dev/a.yaml".to_owned(), web(1)),
        ("plain/dev/b.yaml".to_owned(), web(1)),
        ("plain/Odd [name]/prod/a.yaml".to_owned(), web(1)),
    ];
    for number in 0..30 {
        all.push((
            format!("apps/app-{number}/production/kustomization.yaml"),
            ROOT.replace("../../", "../../../"),
        ));
    }
    let borrowed: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let desk = Desk::new(&borrowed);
    let said = init(&desk, &["--forge", "github"]);
    insta::assert_snapshot!(in_force(&desk), @r#"
    version = 1
    [environment.dev]
    source = { yaml = "plain/dev" }
    [environment.prod]
    source = { yaml = "plain/Odd [[]name]/prod" }
    [environment.production]
    source = { kustomize = "apps/*/production" }
    [environment.staging]
    source = { helm = "charts/shop", values = "charts/shop/values-staging.yaml" }
    "#);
    insta::assert_snapshot!(said, @r"
    wrote .countersign.toml: environments dev, prod, production, staging
    wrote .github/workflows/countersign.yml

    Next:
      countersign review --worktree --policy .countersign.toml   # what it says of the files as they are
      set the variables COUNTERSIGN_SOURCE and COUNTERSIGN_REVISION of the repository or its organization:
        the clone URL and the commit of countersign that the check builds, where its runner has none installed
      git add .countersign.toml .github/workflows/countersign.yml   # a policy counts once it is on the target branch
    ");
    let before = desk.report("env", &["--worktree", "--base", "HEAD"]);
    let after = desk.report("env", &["--worktree", "--base", "HEAD", "--policy", ".countersign.toml"]);
    assert_eq!(before["outside"], after["outside"]);
}

#[test]
fn a_suggestion_that_is_switched_on_judges() {
    let desk = Desk::usual();
    init(&desk, &[]);
    desk.write(&[("production/web.yaml", &web(1).replace("web:1", "web:latest"))]);
    let report = desk.report("env", &["--worktree", "--policy", "../on.toml"]);
    let findings = report["findings"].as_array().unwrap().iter().map(|one| one["check"].as_str().unwrap());
    let findings: std::collections::BTreeSet<&str> = findings.collect();
    assert_eq!(Vec::from_iter(findings), ["no moving tags", "two replicas"]);
    assert_eq!(report["verdict"]["outcome"], "block");
    std::fs::remove_file(desk.path("env/production/web.yaml")).unwrap();
    let report = desk.report("env", &["--worktree", "--policy", "../on.toml"]);
    assert_eq!(report["verdict"]["outcome"], "hold", "what is gone breaks no check: {}", report["findings"]);
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let desk = Desk::usual();
    let refused = |arguments: &[&str]| {
        let before = files(&desk.path("env"));
        let done = desk.run("env", &[&["init"], arguments].concat());
        assert_eq!((done.code, done.out.as_str()), (64, ""), "{arguments:?}");
        assert_eq!(files(&desk.path("env")), before, "{arguments:?}");
        done.err
    };
    let no_forge = refused(&["--only-check"]);
    desk.write(&[(".countersign.toml", "# mine\n")]);
    let policy = refused(&["--forge", "github"]);
    std::fs::remove_file(desk.path("env/.countersign.toml")).unwrap();
    desk.write(&[(".gitlab-ci.countersign.yml", "# mine\n")]);
    let check = refused(&["--forge", "gitlab"]);
    std::os::unix::fs::symlink("../home", desk.path("env/.gitea")).unwrap();
    let link = refused(&["--forge", "gitea"]);
    insta::assert_snapshot!([no_forge, policy, check, link].concat(), @r"
    error: nothing here says which forge it is: add --forge github, gitlab or gitea
    error: .countersign.toml is there already, and nothing is overwritten; `--only-check` writes the check beside it
    error: .gitlab-ci.countersign.yml is there already, and nothing is overwritten
    error: .gitea: is a symlink; write .gitea/workflows/countersign.yml yourself, or remove it
    ");
    assert_eq!(std::fs::read_dir(desk.path("home")).unwrap().count(), 0);
}

#[test]
fn the_forge_is_told_by_the_remote() {
    let desk = Desk::usual();
    git(
        &desk.path("env"),
        &["remote", "add", "origin", "https://user:password@gitlab.example.org/acme/env.git"],
    );
    let said = init(&desk, &[]);
    assert!(said.contains("wrote .gitlab-ci.countersign.yml\n") && !said.contains("password"), "{said}");
}
