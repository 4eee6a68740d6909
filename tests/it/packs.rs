//! The shipped packs against real things: what `pod-security` says of generated pods, and what the code says that
//! the API server's own admission runs, in many versions of Kubernetes. And that no shipped file is forgotten.

mod at_random;
mod under_conftest;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use countersign_core::config::{Check, Judge, PackCheck, Policy, Severity};
use countersign_core::library::Library;
use countersign_core::policy::run_checks;
use serde_json::{Map, Value, json};

use crate::arrivals::evaluation;
use crate::parts;

const PODS: usize = 1_800;
const VERSIONS: [&str; 12] =
    ["1.18", "1.20", "1.22", "1.24", "1.25", "1.27", "1.29", "1.31", "1.32", "1.34", "1.35", "1.36"];

/// What a control is called there and here; a stricter one in place of another has the same name here.
const CONTROLS: [(&str, &str); 18] = [
    ("host namespaces", "host-namespaces"),
    ("hostPath volumes", "host-path"),
    ("restricted volume types", "volumes"),
    ("hostPort", "host-ports"),
    ("probe or lifecycle host", "probe-hosts"),
    ("privileged", "privileged"),
    ("procMount", "proc-mount"),
    ("allowPrivilegeEscalation != false", "privilege-escalation"),
    ("runAsNonRoot != true", "run-as-non-root"),
    ("runAsUser=0", "run-as-user"),
    ("seLinuxOptions", "selinux"),
    ("seccompProfile", "seccomp"),
    ("forbidden sysctls", "sysctls"),
    ("forbidden AppArmor profile", "apparmor"),
    ("forbidden AppArmor profiles", "apparmor"),
    ("hostProcess", "host-process"),
    ("non-default capabilities", "capabilities"),
    ("unrestricted capabilities", "capabilities"),
];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn often(&mut self, of_ten: usize) -> bool {
        self.below(10) < of_ten
    }

    fn pick(&mut self, values: &Value) -> Value {
        let values = values.as_array().unwrap();
        values[self.below(values.len())].clone()
    }
}

/// Sets a key to one of some values, or leaves it out.
fn perhaps(dice: &mut Dice, map: &mut Map<String, Value>, key: &str, of_ten: usize, values: &Value) {
    if dice.often(of_ten) {
        let value = dice.pick(values);
        map.insert(key.to_owned(), value);
    }
}

fn profile(types: &[&str]) -> Value {
    Value::Array(types.iter().map(|name| json!({ "type": name })).collect())
}

/// What the contexts of pods and of containers have in common.
fn context(dice: &mut Dice) -> Map<String, Value> {
    let mut map = Map::new();
    let profiles = ["RuntimeDefault", "RuntimeDefault", "Localhost", "Unconfined", "", "Other"];
    perhaps(dice, &mut map, "runAsNonRoot", 6, &json!([true, true, true, false]));
    perhaps(dice, &mut map, "runAsUser", 3, &json!([0, 1000]));
    perhaps(dice, &mut map, "seccompProfile", 6, &profile(&profiles));
    perhaps(dice, &mut map, "appArmorProfile", 1, &profile(&profiles));
    let labels = json!([
        {}, { "type": "container_t" }, { "type": "container_engine_t" }, { "type": "spc_t" }, { "type": "" },
        { "user": "system_u" }, { "role": "r", "level": "s0" }, { "user": "" }
    ]);
    perhaps(dice, &mut map, "seLinuxOptions", 1, &labels);
    perhaps(
        dice,
        &mut map,
        "windowsOptions",
        1,
        &json!([{}, { "hostProcess": true }, { "hostProcess": false }]),
    );
    map
}

fn container(dice: &mut Dice, name: String) -> Value {
    let mut map = Map::from_iter([("name".to_owned(), json!(name))]);
    if dice.often(9) {
        let mut own = context(dice);
        perhaps(dice, &mut own, "privileged", 1, &json!([true, false]));
        perhaps(dice, &mut own, "allowPrivilegeEscalation", 9, &json!([false, false, false, false, true]));
        perhaps(dice, &mut own, "procMount", 1, &json!(["Default", "Unmasked"]));
        let capabilities = json!([
            { "drop": ["ALL"] }, { "drop": ["ALL"] }, { "drop": ["ALL"], "add": ["NET_BIND_SERVICE"] },
            { "drop": ["ALL"], "add": ["CHOWN"] }, { "drop": ["NET_RAW"] }, { "add": ["SYS_ADMIN", "KILL"] },
            { "add": ["CAP_CHOWN"] }, { "drop": ["all"] }, {}, { "add": [] }
        ]);
        perhaps(dice, &mut own, "capabilities", 8, &capabilities);
        map.insert("securityContext".to_owned(), Value::Object(own));
    }
    let ports = json!([[{ "containerPort": 1 }], [{ "containerPort": 1, "hostPort": 0 }], [{ "containerPort": 1, "hostPort": 80 }]]);
    perhaps(dice, &mut map, "ports", 2, &ports);
    let handlers = json!([
        { "httpGet": { "port": 1 } }, { "httpGet": { "port": 1, "host": "" } }, { "exec": {} },
        { "httpGet": { "port": 1, "host": "a" } }, { "tcpSocket": { "port": 1, "host": "b" } }
    ]);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        perhaps(dice, &mut map, probe, 1, &handlers);
    }
    if dice.often(1) {
        let mut hooks = Map::new();
        perhaps(dice, &mut hooks, "postStart", 5, &handlers);
        perhaps(dice, &mut hooks, "preStop", 5, &handlers);
        map.insert("lifecycle".to_owned(), Value::Object(hooks));
    }
    Value::Object(map)
}

fn pod(dice: &mut Dice) -> Value {
    let mut spec = Map::new();
    for flag in ["hostNetwork", "hostPID", "hostIPC"] {
        perhaps(dice, &mut spec, flag, 1, &json!([true, false, false]));
    }
    perhaps(dice, &mut spec, "hostUsers", 2, &json!([true, false, null]));
    perhaps(dice, &mut spec, "os", 2, &json!([{ "name": "windows" }, { "name": "linux" }]));
    if dice.often(7) {
        let mut own = context(dice);
        let names = [
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_reserved_ports",
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_rmem",
            "kernel.msgmax",
        ];
        let sysctls = names.map(|name| json!([{ "name": "net.ipv4.tcp_syncookies", "value": "1" }, { "name": name, "value": "1" }]));
        perhaps(dice, &mut own, "sysctls", 2, &json!(sysctls));
        spec.insert("securityContext".to_owned(), Value::Object(own));
    }
    let sources = json!([
        { "emptyDir": {} }, { "emptyDir": {} }, { "configMap": {} }, { "secret": {} }, { "csi": { "driver": "d" } },
        { "ephemeral": {} }, { "image": {} }, { "projected": {} }, { "downwardAPI": {} }, { "persistentVolumeClaim": { "claimName": "c" } },
        { "hostPath": { "path": "/" } }, { "nfs": { "server": "s", "path": "/" } }, { "iscsi": {} }, { "gitRepo": {} },
        { "hostPath": null, "emptyDir": {} }
    ]);
    if dice.often(4) {
        let volume = |dice: &mut Dice, name: &str| {
            let mut volume = dice.pick(&sources);
            volume["name"] = json!(name);
            volume
        };
        let volumes = [volume(dice, "v"), volume(dice, "w")];
        let many = 1 + dice.below(2);
        spec.insert("volumes".to_owned(), json!(volumes[..many]));
    }
    for (list, least, of_ten) in
        [("containers", 1, 10), ("initContainers", 0, 3), ("ephemeralContainers", 0, 1)]
    {
        if dice.often(of_ten) {
            let many = least + dice.below(2);
            let all: Vec<Value> =
                (0..many).map(|index| container(dice, format!("{list}-{index}").to_lowercase())).collect();
            spec.insert(list.to_owned(), Value::Array(all));
        }
    }
    let mut notes = Map::new();
    let seccomp = json!(["runtime/default", "docker/default", "localhost/a", "unconfined", ""]);
    for key in [
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/containers-0",
    ] {
        perhaps(dice, &mut notes, key, 1, &seccomp);
    }
    let apparmor = json!(["runtime/default", "localhost/a", "unconfined", ""]);
    perhaps(dice, &mut notes, "container.apparmor.security.beta.kubernetes.io/containers-0", 1, &apparmor);
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "annotations": notes }, "spec": spec })
}

/// For each pod, the controls that fail.
fn ours(level: &str, version: &str, pods: &[Value]) -> Vec<BTreeSet<String>> {
    let check = PackCheck {
        uses: vec![format!("pod-security/{level}")],
        except: Vec::new(),
        parameters: Map::from_iter([("kubernetes".to_owned(), json!(version))]),
    };
    let check = Check {
        name: "pods".into(),
        judge: Judge::Pack(check),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let mut failing = vec![BTreeSet::new(); pods.len()];
    for finding in run_checks(&policy, &Library::default(), &evaluation(pods)) {
        assert!(!finding.errored, "{}", finding.message);
        let index: usize = finding.object.unwrap().name.parse().unwrap();
        let control = finding.rule.unwrap().rsplit_once('/').unwrap().1.to_owned();
        failing[index].insert(control);
    }
    failing
}

fn theirs(tool: &std::path::Path, level: &str, version: &str, pods: &[Value]) -> Vec<BTreeSet<String>> {
    let questions: String = pods
        .iter()
        .map(|pod| format!("{}\n", json!({ "level": level, "version": format!("v{version}"), "pod": pod })))
        .collect();
    let mut child = Command::new(tool).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()).unwrap());
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(done.status.success());
    let names: BTreeMap<&str, &str> = CONTROLS.into();
    let answers = String::from_utf8(done.stdout).unwrap();
    let read = |line: &str| -> BTreeSet<String> {
        let reasons: Vec<String> = serde_json::from_str(line).unwrap();
        reasons
            .iter()
            .map(|reason| names.get(reason.as_str()).unwrap_or_else(|| panic!("what is `{reason}`?")))
            .map(|name| (*name).to_owned())
            .collect()
    };
    answers.lines().map(read).collect()
}

#[test]
fn pods_are_judged_as_the_api_server_would_in_every_version() {
    let Some(tool) = parts::tools::pod_security() else { return };
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let pods: Vec<Value> = (0..PODS).map(|_| pod(&mut dice)).collect();
    let mut failed = BTreeMap::<String, usize>::new();
    let mut fine = BTreeMap::<&str, usize>::new();
    let each = PODS / VERSIONS.len();
    for (version, pods) in VERSIONS.iter().zip(pods.chunks(each)) {
        for level in ["baseline", "restricted"] {
            let (ours, theirs) = (ours(level, version, pods), theirs(&tool, level, version, pods));
            assert_eq!(theirs.len(), pods.len());
            for ((pod, ours), theirs) in pods.iter().zip(ours).zip(theirs) {
                assert_eq!(ours, theirs, "ours and theirs, {level} in {version}: {pod:#}");
                *fine.entry(level).or_default() += usize::from(ours.is_empty());
                for control in ours {
                    *failed.entry(format!("{level} {control}")).or_default() += 1;
                }
            }
        }
    }
    // The test would prove little if a control failed nowhere, or if nothing were fine.
    assert_eq!(failed.len(), 12 + 15, "{failed:?}");
    assert!(failed.values().all(|count| *count >= 5), "{failed:?}");
    assert!(fine.get("baseline") > Some(&100) && fine.get("restricted") > Some(&5), "{fine:?}");
}

/// Files below a folder, from it.
fn files(folder: &std::path::Path, below: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(folder, &path, found);
        } else {
            found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn no_shipped_policy_is_forgotten() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("policies");
    let mut there = BTreeSet::new();
    files(&folder, &folder, &mut there);
    let data = |path: &String| path.starts_with("data/") && path.ends_with(".json");
    there.retain(|path| path.ends_with(".rego") || data(path));
    let registry = std::fs::read_to_string(root.join("src/core/policy/packs/registry.rs")).unwrap();
    let listed: Vec<String> = registry
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
        .map(str::to_owned)
        .collect();
    assert!(listed.is_sorted(), "the registry is sorted by path");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), there);
}
