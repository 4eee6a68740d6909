//! A push to one of 600 applications, from the start of the look to the comment, and the processor time that the bot
//! itself took. The stand-in forge is a process of its own, so that its work is not taken for the bot's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::engine::Looked;
use countersign_core::change::{ChangeId, RepoId};
use countersign_sim::{Mergeability, Role, Sim, SimConfig};

use crate::bot;
use crate::manifests::{deployment, folder, git, write};
use crate::measure::{Times, processor, row, shown};

const APPLICATIONS: usize = 600;
const PUSHES: usize = 20;
const REPO: &str = "acme/env";

pub(crate) fn run() {
    let mut stand_in = Command::new(std::env::current_exe().unwrap())
        .arg("--stand-in")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut say = stand_in.stdin.take().unwrap();
    let mut answers = BufReader::new(stand_in.stdout.take().unwrap()).lines();
    let mut answer = || answers.next().unwrap().unwrap();
    let (url, token) = (answer(), answer());
    let home = folder();
    let runtime = bot::runtime();
    let engine = runtime.block_on(bot::engine(home.path(), &url, &token));
    let id = ChangeId {
        repo: RepoId { forge: "hub".to_owned(), path: REPO.parse().unwrap() },
        number: answer().parse().unwrap(),
    };
    let look = || {
        let began = Instant::now();
        let looked = runtime.block_on(engine.look(&id)).unwrap();
        let took = began.elapsed();
        assert!(matches!(looked, Looked::Settled | Looked::InAMoment), "{looked:?}");
        took
    };
    let cold = look();
    let pid = stand_in.id().to_string();
    let (mut looks, mut requests) = (Vec::new(), 0);
    let (mut own, mut children, mut forge) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..PUSHES {
        writeln!(say, "push").unwrap();
        answer();
        let before = (processor("self"), processor(&pid));
        looks.push(look());
        let after = (processor("self"), processor(&pid));
        own += after.0.0 - before.0.0;
        children += after.0.1 - before.0.1;
        forge += after.1.0 + after.1.1 - before.1.0 - before.1.1;
        writeln!(say, "look").unwrap();
        let (comment, count) = {
            let line = answer();
            let (a, b) = line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            (a, b)
        };
        assert_eq!(comment, format!("2.{}", looks.len()), "the comment shows the push");
        requests = count.parse::<usize>().unwrap();
    }
    drop(say);
    stand_in.wait().unwrap();
    let looks = Times::new(looks);
    let each = |all: Duration| all / u32::try_from(PUSHES).unwrap();
    row(
        &format!("push to comment and status, one file of {APPLICATIONS} applications, warm, in all"),
        &format!("{looks}; the first look, cold: {}", shown(cold)),
        &format!(
            "{requests} requests to the stand-in and its `git`: {} of processor time; our `git`: {}",
            shown(each(forge)),
            shown(each(children))
        ),
        "",
    );
    row(
        "the same, processor time of the bot's own process for one look",
        &shown(each(own)),
        "aim: ≤ 1 s; the whole look above",
        &format!("{:.2} of it", each(own).as_secs_f64() / looks.median().as_secs_f64()),
    );
}

/// The stand-in's process: says where it is and as whom to ask, then does what it is told, a line at a time.
pub(crate) fn stand_in() {
    bot::runtime().block_on(async {
        let config = SimConfig {
            page_cap: 100,
            budget: 1_000_000,
            mergeability: Mergeability::AtOnce,
            ..SimConfig::strict()
        };
        let sim = Sim::start(config).await.unwrap();
        sim.add_organization("acme").unwrap();
        sim.create_repo("acme", "env").await.unwrap();
        sim.add_machine("countersign").unwrap();
        sim.grant(REPO, "countersign", Role::Admin).unwrap();
        sim.add_user("ana").unwrap();
        sim.grant(REPO, "ana", Role::Write).unwrap();
        found(&sim);
        push(&sim, 0).await;
        let number = sim.open_change(REPO, "ana", "change", "main", "Change one of them").await.unwrap();
        println!("{}\n{}\n{number}", sim.url(), sim.user("countersign").unwrap().token);
        let mut pushes = 0;
        for line in std::io::stdin().lines() {
            if line.unwrap() == "push" {
                pushes += 1;
                push(&sim, pushes).await;
                sim.forget_requests();
                println!("pushed");
            } else {
                let comments = sim.comments(REPO, number).unwrap();
                let shown = comments
                    .iter()
                    .find_map(|said| said.body.rsplit_once("app-300:2.").map(|(_, rest)| rest.to_owned()));
                let digits: String =
                    shown.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
                println!("2.{digits} {}", sim.requests().len());
            }
        }
    });
}

/// The first commit: one environment of all applications, each a folder of two manifests.
fn found(sim: &Sim) {
    let clone = folder();
    git(clone.path(), &["clone", "-q", &sim.clone_url(REPO, "ana").unwrap(), "."]);
    let policy = "version = 1\n[environment.production]\nsource = { yaml = \"apps/*\" }\n\
        [[check]]\nname = \"enough replicas\"\ncel = \"object.kind != 'Deployment' || object.spec.replicas >= 2\"\nmessage = \"two at least\"\n\
        [[rule]]\nname = \"one more\"\nrequire = { count = 1, from = { permissions = [\"write\"] } }\n";
    let mut files = vec![(".countersign.toml".to_owned(), policy.to_owned())];
    for number in 0..APPLICATIONS {
        let name = format!("app-{number}");
        files.push((format!("apps/{name}/deployment.yaml"), deployment(&name, 3, "1.0")));
        let service = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  selector: {{app: {name}}}\n  ports: [{{port: 80}}]\n"
        );
        files.push((format!("apps/{name}/service.yaml"), service));
    }
    write(clone.path(), &files);
    git(clone.path(), &["checkout", "-q", "-B", "main"]);
    git(clone.path(), &["add", "-A"]);
    git(clone.path(), &["commit", "-q", "-m", "Begin"]);
    git(clone.path(), &["push", "-q", "origin", "main"]);
}

async fn push(sim: &Sim, number: usize) {
    let text = deployment("app-300", 3, &format!("2.{number}"));
    let files = [("apps/app-300/deployment.yaml", Some(text.as_str()))];
    sim.commit(REPO, "change", "main", &files, "ana", "Another image").await.unwrap();
}
