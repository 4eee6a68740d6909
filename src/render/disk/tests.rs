#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
use std::os::unix::fs::PermissionsExt;

use super::*;

const BOUND: u64 = 1 << 20;

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn entry(folder: &Path, name: &str) -> PathBuf {
    folder.join(ENTRIES).join(name_of(&key(name)))
}

#[test]
fn what_was_put_in_comes_out_in_another_run() {
    let folder = folder();
    let cache = folder.path().join("a/b");
    DiskCache::open(&cache, BOUND).unwrap().put(&key("a"), "text: ä\n");
    let again = DiskCache::open(&cache, BOUND).unwrap();
    assert_eq!(again.get(&key("a")).as_deref(), Some("text: ä\n"));
    assert_eq!(again.get(&key("b")), None);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(&cache.join(ENTRIES)), mode(&entry(&cache, "a"))), (0o700, 0o700, 0o600));
}

/// Alters the entry `a` of a cache that also has `b`; it must be a miss, and be gone.
#[track_caller]
fn check_altered(alter: impl FnOnce(&Path)) {
    let folder = folder();
    let cache = DiskCache::open(folder.path(), BOUND).unwrap();
    cache.put(&key("a"), "replicas: 1\n");
    cache.put(&key("b"), "replicas: 2\n");
    alter(folder.path());
    assert_eq!(cache.get(&key("a")), None);
    cache.put(&key("a"), "replicas: 3\n");
    assert_eq!(cache.get(&key("a")).as_deref(), Some("replicas: 3\n"), "it can be put in again");
}

#[test]
fn what_was_altered_is_as_if_it_were_not_there() {
    let rewrite = |change: fn(Vec<u8>) -> Vec<u8>| {
        check_altered(|folder| {
            let path = entry(folder, "a");
            std::fs::write(&path, change(std::fs::read(&path).unwrap())).unwrap();
        });
    };
    rewrite(|bytes| bytes[..bytes.len() - 1].to_vec());
    rewrite(|mut bytes| {
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    });
    rewrite(|bytes| [&bytes[..], b"more: 1\n"].concat());
    rewrite(|_| Vec::new());
    rewrite(|_| vec![0xff; 500]);
    rewrite(|bytes| String::from_utf8(bytes).unwrap().replace("render/v1", "render/v0").into_bytes());
    check_altered(|folder| {
        std::fs::copy(entry(folder, "b"), entry(folder, "a")).unwrap();
    });
    check_altered(|folder| {
        std::fs::remove_file(entry(folder, "a")).unwrap();
        std::os::unix::fs::symlink(entry(folder, "b"), entry(folder, "a")).unwrap();
    });
    check_altered(|folder| {
        std::fs::remove_file(entry(folder, "a")).unwrap();
        let fifo = rustix::fs::CWD;
        rustix::fs::mknodat(fifo, entry(folder, "a"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    });
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    let folder = folder();
    for (mode, refused) in [(0o770, true), (0o702, true), (0o750, false), (0o700, false)] {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
        let opened = DiskCache::open(folder.path(), BOUND);
        assert_eq!(matches!(opened, Err(CacheError::Open(_))), refused, "{mode:o}: {opened:?}");
    }
    let entries = folder.path().join(ENTRIES);
    std::fs::set_permissions(&entries, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(matches!(DiskCache::open(folder.path(), BOUND), Err(CacheError::Open(_))));
    std::fs::remove_dir(&entries).unwrap();
    std::os::unix::fs::symlink("/tmp", &entries).unwrap();
    assert!(matches!(DiskCache::open(folder.path(), BOUND), Err(CacheError::Unusable { .. })));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(DiskCache::open(&file, BOUND), Err(CacheError::Unusable { .. })));
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let folder = folder();
    // Only root can give a folder away, and root alone owns `/`.
    let foreign = match std::os::unix::fs::chown(folder.path(), Some(54_321), None) {
        Ok(()) => folder.path(),
        Err(_) => Path::new("/"),
    };
    let opened = DiskCache::open(foreign, BOUND);
    assert!(matches!(opened, Err(CacheError::Foreign(_))), "{opened:?}");
    assert!(!foreign.join(ENTRIES).exists());
}

#[test]
fn the_folder_stays_within_its_bound_and_keeps_what_was_used_last() {
    let folder = folder();
    let cache = DiskCache::open(folder.path(), BOUND).unwrap();
    let text = "x".repeat(64 << 10);
    let size = || -> u64 {
        let entries = std::fs::read_dir(folder.path().join(ENTRIES)).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    };
    let old = SystemTime::now() - Duration::from_secs(86_400);
    for number in 0..60 {
        let name = number.to_string();
        cache.put(&key(&name), &text);
        File::options().write(true).open(entry(folder.path(), &name)).unwrap().set_modified(old).unwrap();
        assert_eq!(cache.get(&key("0")).as_deref(), Some(text.as_str()), "it is used all the time");
        assert!(size() <= BOUND / 16 * 17 + (70 << 10), "{} bytes", size());
    }
    cache.put(&key("huge"), &"x".repeat(1 << 18));
    assert_eq!(cache.get(&key("huge")), None);
}

#[test]
fn what_was_left_half_written_is_cleared_away() {
    let folder = folder();
    let cache = DiskCache::open(folder.path(), BOUND).unwrap();
    let left = folder.path().join(ENTRIES).join("new-1-1");
    let fresh = folder.path().join(ENTRIES).join("new-2-1");
    for path in [&left, &fresh] {
        std::fs::write(path, "countersign.render/v1\n").unwrap();
    }
    let old = SystemTime::now() - Duration::from_secs(7_200);
    File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
    cache.put(&key("a"), "text");
    assert_eq!((left.exists(), fresh.exists()), (false, true));
}

#[test]
fn many_at_once_never_read_half_of_an_entry() {
    let folder = folder();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let path = folder.path();
            scope.spawn(move || {
                let cache = DiskCache::open(path, 64 << 10).unwrap();
                for round in 0..200_usize {
                    let name = (round % 20).to_string();
                    let text = name.repeat(4_000);
                    if (round + worker) % 3 == 0 {
                        cache.put(&key(&name), &text);
                    }
                    assert!(cache.get(&key(&name)).is_none_or(|found| found == text));
                }
            });
        }
    });
}
