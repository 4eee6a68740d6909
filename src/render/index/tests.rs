#![allow(clippy::unwrap_used)]

use super::*;

fn id(name: &str) -> ObjectId {
    Digest::of(name.as_bytes()).as_str().trim_start_matches("sha256:").parse().unwrap()
}

fn open(folder: &tempfile::TempDir) -> Index {
    Index::new(Arc::new(DiskCache::open(folder.path(), 64 << 20).unwrap()))
}

#[track_caller]
fn check(index: &Index, name: &str, want: Option<bool>) {
    assert_eq!(index.get::<bool>(Fact::Object, &id(name)), want, "{name}");
}

/// The one file that the index is.
fn file(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(folder.path().join("renders")).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    path
}

#[test]
fn what_one_run_learnt_the_next_one_knows() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    for number in 0..50 {
        first.put(Fact::Object, &id(&number.to_string()), &(number % 3 == 0));
    }
    drop(first);
    let second = open(&folder);
    for number in 0..50 {
        check(&second, &number.to_string(), Some(number % 3 == 0));
    }
    check(&second, "unknown", None);
    assert_eq!(second.get::<bool>(Fact::Outline, &id("3")), None, "another kind of fact is another fact");
    assert_eq!(second.get::<Vec<u8>>(Fact::Object, &id("3")), None, "of another form it says nothing");
    second.put(Fact::Object, &id("new"), &true);
    drop(second);
    let third = open(&folder);
    check(&third, "new", Some(true));
    check(&third, "3", Some(true));
}

#[test]
fn what_was_damaged_is_not_known() {
    for damage in [
        |bytes: Vec<u8>| bytes.iter().map(|byte| if *byte == b't' { b'f' } else { *byte }).collect(),
        |bytes: Vec<u8>| bytes.get(..bytes.len() - 3).unwrap().to_vec(),
        |_| b"countersign".to_vec(),
        |_| vec![0xff; 10],
    ] as [fn(Vec<u8>) -> Vec<u8>; 4]
    {
        let folder = tempfile::tempdir().unwrap();
        open(&folder).put(Fact::Object, &id("a"), &true);
        let path = file(&folder);
        std::fs::write(&path, damage(std::fs::read(&path).unwrap())).unwrap();
        let index = open(&folder);
        check(&index, "a", None);
        index.put(Fact::Object, &id("a"), &true);
        drop(index);
        check(&open(&folder), "a", Some(true));
    }
}

#[test]
fn runs_at_once_lose_nothing_that_was_written_before_they_end() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder), open(&folder));
    check(&one, "a", None);
    check(&two, "a", None);
    one.put(Fact::Object, &id("a"), &true);
    two.put(Fact::Object, &id("b"), &false);
    drop(one);
    drop(two);
    let after = open(&folder);
    check(&after, "a", Some(true));
    check(&after, "b", Some(false));
}

#[test]
fn where_room_is_short_what_was_asked_for_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    for name in ["old", "used", "older"] {
        first.put(Fact::Object, &id(name), &true);
    }
    drop(first);
    let second = open(&folder);
    check(&second, "used", Some(true));
    second.put(Fact::Object, &id("new"), &true);
    let line = id("new").as_str().len() + " otrue\n".len();
    let kept = second.kept(line * 2).unwrap();
    let mut wanted = ["new", "used"].map(|name| format!("{} true\n", key(Fact::Object, &id(name))));
    wanted.sort();
    assert_eq!(kept, wanted.concat());
}

/// Lines by key, merged in one way and in the other.
#[test]
fn what_is_learnt_takes_its_place_among_what_is_known() {
    let lines = |keys: &[(&str, &str)]| {
        Lines::new(keys.iter().map(|(key, text)| format!("{key} {text}\n")).collect())
    };
    let learnt = |keys: &[(&str, &str)]| {
        keys.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
    };
    for (known, new, want) in [
        (&[][..], &[("b", "1")][..], "b 1\n"),
        (&[("b", "1")], &[], "b 1\n"),
        (&[("b", "1")], &[("a", "2"), ("c", "3")], "a 2\nb 1\nc 3\n"),
        (&[("a", "1"), ("b", "1"), ("c", "1")], &[("b", "2")], "a 1\nb 2\nc 1\n"),
        (
            &[("a", "1"), ("c", "1")],
            &[("a", "2"), ("b", "2"), ("c", "2"), ("d", "2")],
            "a 2\nb 2\nc 2\nd 2\n",
        ),
    ] {
        assert_eq!(lines(known).with(&learnt(new)), want);
    }
}
