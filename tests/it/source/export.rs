//! Exports of trees that nobody vouches for.

use super::*;

#[tokio::test]
async fn export_gives_the_bytes_as_they_are_stored() {
    let scene = Scene::new(
        &[],
        &[
            (".gitattributes", "hidden.yaml export-ignore\nv.txt export-subst\n* filter=evil eol=crlf\n"),
            ("hidden.yaml", "a: 1\n"),
            ("v.txt", "$Format:%H$\n"),
            ("-rf", "x\n"),
            ("--help", "y\n"),
            ("dir/x y.yaml", "z\n"),
            ("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        ],
    )
    .await;
    let config = scene.data.path().join("hub/acme/env.git");
    git(&config, &["config", "filter.evil.smudge", "sh -c 'echo smudged'"]);
    let (into, named) = scene.export().await.unwrap();
    let read = |path: &str| std::fs::read_to_string(into.path().join(path)).unwrap();
    assert_eq!(read("hidden.yaml"), "a: 1\n");
    assert_eq!(read("v.txt"), "$Format:%H$\n");
    assert_eq!(read("-rf"), "x\n");
    assert_eq!(read("--help"), "y\n");
    assert_eq!(read("dir/x y.yaml"), "z\n");
    assert_eq!(named, ["big.bin is a Git LFS pointer: its content is not in the repository"]);
}

/// A tree of these `mode path content` entries at the head of the change, made without git's own care.
async fn crafted(entries: &[(&str, &str, &str)]) -> Scene {
    let mut scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let repo = scene.backend.repo();
    let scratch = TempDir::new().unwrap();
    let mut tree = Vec::new();
    for (mode, path, content) in entries {
        let file = scratch.path().join("blob");
        std::fs::write(&file, content).unwrap();
        let id = match *mode {
            "160000" => scene.base.to_string(),
            "40000" => git(&repo, &["rev-parse", &format!("{}^{{tree}}", scene.head)]),
            _ => git(&repo, &["hash-object", "-w", file.to_str().unwrap()]),
        };
        tree.extend_from_slice(format!("{mode} {path}\0").as_bytes());
        tree.extend((0..40).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()));
    }
    let file = scratch.path().join("tree");
    std::fs::write(&file, tree).unwrap();
    let args = ["hash-object", "-w", "-t", "tree", "--literally", file.to_str().unwrap()];
    let tree = git(&repo, &args);
    scene.head = scene.backend.commit_tree(CHANGE, Some(scene.base.as_str()), &tree).parse().unwrap();
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    scene
}

#[tokio::test]
async fn links_inside_are_written_and_modules_named() {
    let scene = crafted(&[
        ("120000", "link", "real.yaml"),
        ("160000", "module", ""),
        ("100644", "real.yaml", "x: 1\n"),
    ])
    .await;
    let (into, named) = scene.export().await.unwrap();
    assert_eq!(std::fs::read_to_string(into.path().join("link")).unwrap(), "x: 1\n");
    assert_eq!(named, ["module is a submodule: its content is not in the repository"]);
}

#[tokio::test]
async fn what_leads_out_of_the_tree_is_refused() {
    let check = async |entries: &[(&str, &str, &str)], want: &str| {
        let scene = crafted(entries).await;
        let error = scene.export().await.unwrap_err();
        assert!(matches!(error, SourceError::Unsafe { .. }), "{entries:?}: {error:?}");
        assert!(error.to_string().contains(want), "{entries:?}: {error}");
    };
    check(&[("120000", "x", "/etc/passwd")], "symlink leads out").await;
    check(&[("120000", "x", "../../etc/passwd")], "symlink leads out").await;
    check(&[("120000", "x", "x")], "in circles").await;
    check(&[("100644", "..", "x")], "leads out of its folder").await;
    check(&[("40000", ".git", "")], "git's own folder").await;
    check(&[("40000", ".GiT", "")], "git's own folder").await;
    check(&[("100644", "git~1", "x")], "git's own folder").await;
    check(&[("100644", "a\nb", "x")], "control characters").await;
    check(&[("120000", "x", "/tmp"), ("40000", "x", "")], "at once").await;
}

#[tokio::test]
async fn a_large_file_is_refused_and_the_next_question_is_answered() {
    let mut scene = Scene::new(&[], &[("big", &"x".repeat(5_000)), ("small", "y")]).await;
    let limits = GitLimits { file: 1_000, ..GitLimits::default() };
    scene.mirror = Mirror::bare(scene.data.path().join("hub/acme/env.git")).with_limits(limits);
    let error = scene.export().await.unwrap_err();
    insta::assert_snapshot!(error, @"big: it has 5000 bytes; files of more than 1000 are not read");
    assert_eq!(scene.mirror.read_file(&scene.tree().await, "small").await.unwrap().unwrap(), b"y");
}
