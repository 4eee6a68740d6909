//! One render: from a unit and its read-set to its manifests, or to a sentence about why there are none.

use std::path::Path;

use countersign_core::object::Sources;
use countersign_core::revision::{Digest, ObjectId};

use super::closure::{Closure, Spot};
use super::explain::{self, Scene};
use super::origins::Output;
use super::programs::Programs;
use super::sandbox::{self, Confinement, SandboxState};
use super::settings::Unsandboxed;
use super::tool::{Kind, Tool};
use super::tree::{Place, SUBMODULE, Tree};
use crate::ports::{
    ReadSet, RenderError, RenderedText, Rendering, Source, SourceError, TreeEntry, UnitSource, UnitSpec,
};
use crate::process::{self, Finished, Limits, ProcessError};

/// How a Git LFS pointer begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The manifests of a render, as they are remembered.
pub(super) type Rendered = std::sync::Arc<Vec<RenderedText>>;

/// What failed, before it has the digest that every error carries.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) at: Option<Spot>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }

    pub(super) fn in_file(message: impl Into<String>, file: &str) -> Self {
        Self { message: message.into(), at: Some(Spot { file: file.to_owned(), line: None, column: None }) }
    }

    fn with_input(self, input: Digest) -> RenderError {
        let (file, line, column) =
            self.at.map_or((None, None, None), |at| (Some(at.file), at.line, at.column));
        RenderError { message: self.message, file, line, column, input }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Unsafe { path, why } => Self::in_file(format!("`{path}`: {why}"), &path),
            // The messages of these name no secret; what lies beneath them stays here.
            error @ (SourceError::Remote { .. }
            | SourceError::Moved { .. }
            | SourceError::Refused { .. }
            | SourceError::Missing { .. }
            | SourceError::Git { .. }) => Self::new(format!("the files could not be read: {error}")),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("the scratch folder could not be used: {}", error.kind()))
    }
}

impl Programs {
    pub(super) async fn render_unit(
        &self,
        source: &dyn Source,
        id: &ObjectId,
        unit: &UnitSpec,
        reads: &ReadSet,
    ) -> Result<Rendering, RenderError> {
        let unknown = || Digest::of(format!("{id} {unit:?}").as_bytes());
        let early = |error: SourceError| Failure::from(error).with_input(unknown());
        let tree = self.tree(source, id).await.map_err(early)?;
        let closure = self.closure(source, id, &tree, unit).await.map_err(early)?;
        let members = tree.members(reads);
        let kind = kind(unit);
        let tool = match kind {
            Some(kind) => self.tool(kind).await,
            None => None,
        };
        let version = tool.map_or("", |tool| tool.version.as_str());
        let input = input_digest(version, unit, &members);
        let work = Work { source, id, tree: &tree, closure: &closure, members: &members, unit };
        let once = async |times: &str| {
            let key = Digest::of(format!("{input} {}{times}", unit.path).as_bytes());
            self.known_or(&key, &work).await.map_err(|failure| failure.with_input(input.clone()))
        };
        let texts = once("").await?.to_vec();
        // What differs between two renders of one input is not the change's doing.
        let again = if closure.unstable { Some(once(" again").await?.to_vec()) } else { None };
        Ok(Rendering { texts, stable: !closure.unstable, again, input })
    }

    /// The manifests as they are remembered, or from a render.
    async fn known_or(&self, key: &Digest, work: &Work<'_>) -> Result<Rendered, Failure> {
        let known = self.rendered.lock().ok().and_then(|mut rendered| rendered.get(key));
        if let Some(texts) = known {
            return Ok(texts);
        }
        let anew = async { self.work(work).await.map(std::sync::Arc::new) };
        let texts = self.under_way.join(key, anew).await?;
        let weight = texts.iter().map(|text| text.text.len() + text.sources.weight() + 64).sum();
        if let Ok(mut rendered) = self.rendered.lock() {
            rendered.put(key.clone(), std::sync::Arc::clone(&texts), weight);
        }
        Ok(texts)
    }

    async fn work(&self, work: &Work<'_>) -> Result<Vec<RenderedText>, Failure> {
        if let Some(module) = work.members.iter().find(|entry| entry.mode == SUBMODULE && work.needs(entry)) {
            let message = format!("`{}` is a submodule, whose content is not in the repository", module.path);
            return Err(Failure::in_file(message, &module.path));
        }
        if let Some(obstacle) = work.closure.obstacles.first() {
            return Err(Failure { message: obstacle.message.clone(), at: Some(obstacle.at.clone()) });
        }
        match &work.unit.source {
            UnitSource::Yaml { files } => read_files(work, files).await,
            UnitSource::Kustomize { root } => {
                // Without load restrictions, since the export holds what may be read and nothing else.
                let args = ["--load-restrictor".to_owned(), "LoadRestrictionsNone".to_owned(), here(root)];
                self.made(work, Kind::Kustomize, &args).await
            }
            UnitSource::Helm { chart, values, release, namespace, kubernetes } => {
                check_name("release", release)?;
                check_name("namespace", namespace)?;
                let mut args = vec![format!("--namespace={namespace}"), "--include-crds".to_owned()];
                args.push("--skip-tests".to_owned());
                // Charts take it for a whole version.
                let whole = |version: &String| match version.matches('.').count() {
                    1 => format!("--kube-version={version}.0"),
                    _ => format!("--kube-version={version}"),
                };
                args.extend(kubernetes.iter().map(whole));
                args.extend(values.iter().map(|path| format!("--values={}", here(path))));
                args.extend(["--".to_owned(), release.clone(), here(chart)]);
                self.made(work, Kind::Helm, &args).await
            }
        }
    }

    async fn made(&self, work: &Work<'_>, kind: Kind, args: &[String]) -> Result<Vec<RenderedText>, Failure> {
        let output = self.run_tool(work, kind, args).await?;
        let sources = self.sources(work, &output).await;
        Ok(vec![RenderedText { file: None, text: output.text, sources }])
    }

    async fn run_tool(&self, work: &Work<'_>, kind: Kind, args: &[String]) -> Result<Output, Failure> {
        let tool = self.tool(kind).await.ok_or_else(|| self.no_tool(kind))?;
        let args: Vec<String> =
            tool.leading.iter().map(|arg| (*arg).to_owned()).chain(args.iter().cloned()).collect();
        let exported = work.exported();
        // What is not the same each time is not remembered from one day to the next.
        let disk = self.disk.as_ref().filter(|_| !work.closure.unstable);
        let key = disk.map(|_| render_key(tool, &args, &exported));
        if let (Some(disk), Some(key)) = (disk, &key)
            && let Some(text) = disk.get(key)
        {
            return Ok(Output { text, key: Some(key.clone()) });
        }
        let stopped = |_| Failure::new("rendering was stopped");
        let _room = self.rooms.acquire().await.map_err(stopped)?;
        let room = tempfile::tempdir_in(self.scratch.path())?;
        let root = room.path().join("tree");
        std::fs::create_dir(&root)?;
        let named = work.source.export(&exported, &root).await?;
        for sentence in &named {
            let file = sentence.split(" is a ").next().unwrap_or_default();
            if work.tree.entry(file).is_some_and(|entry| work.needs(entry)) {
                return Err(Failure::in_file(sentence.clone(), file));
            }
        }
        let scene = Scene { kind, root: &root, work, limits: &self.settings };
        let ended = {
            // Only while the renderer runs: the next one's files are written meanwhile.
            let _slot = self.slots.acquire().await.map_err(stopped)?;
            self.confined(&tool.program, &args, room.path()).await?
        };
        match ended {
            Ok(finished) if finished.status.success() => match String::from_utf8(finished.stdout) {
                Ok(text) => {
                    if let (Some(disk), Some(key)) = (disk, &key) {
                        disk.put(key, &text);
                    }
                    Ok(Output { text, key })
                }
                Err(_) => Err(Failure::new(format!("{} gave manifests that are not UTF-8", kind.name()))),
            },
            Ok(finished) => Err(explain::explain(&scene, &finished)),
            Err(error) => Err(explain::explain_end(&scene, &error)),
        }
    }

    fn no_tool(&self, kind: Kind) -> Failure {
        match self.sandbox_now() {
            Some(SandboxState::Unavailable(why)) if self.settings.unsandboxed == Unsandboxed::Refuse => {
                Failure::new(refusal(why))
            }
            _ => Failure::new(kind.missing()),
        }
    }

    /// Runs a program in the room: its `tree` (where there is one) to read, its `tmp` to write.
    pub(super) async fn confined(
        &self,
        program: &Path,
        args: &[String],
        room: &Path,
    ) -> Result<Result<Finished, ProcessError>, Failure> {
        let (tree, tmp) = (room.join("tree"), room.join("tmp"));
        std::fs::create_dir_all(&tree)?;
        std::fs::create_dir_all(&tmp)?;
        let confinement = Confinement {
            sandbox: &self.settings.sandbox_program,
            program,
            args,
            tree: &tree,
            tmp: &tmp,
            memory: self.settings.memory,
            cpu_seconds: self.settings.timeout.as_secs().saturating_mul(2).max(2),
        };
        let mut command = match self.sandbox_state().await {
            SandboxState::Ready => sandbox::command(&confinement),
            SandboxState::Unavailable(why) => match self.settings.unsandboxed {
                Unsandboxed::Allow => sandbox::bare_command(&confinement),
                Unsandboxed::Refuse => return Err(Failure::new(refusal(why))),
            },
        };
        let limits = Limits { time: self.settings.timeout, stdout: self.settings.output, stderr: 64 << 10 };
        Ok(process::run(&mut command, None, &limits).await)
    }
}

fn refusal(why: &str) -> String {
    format!(
        "renderers cannot be confined on this machine ({why}), so nothing that others wrote is rendered; use a kernel \
         with Landlock and seccomp, or allow rendering without a sandbox in the settings"
    )
}

/// What one render works on.
pub(super) struct Work<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) id: &'a ObjectId,
    pub(super) tree: &'a Tree,
    pub(super) closure: &'a Closure,
    pub(super) members: &'a [&'a TreeEntry],
    pub(super) unit: &'a UnitSpec,
}

impl Work<'_> {
    /// Whether an entry is needed for the unit itself, and is not there only because nothing better is known.
    fn needs(&self, entry: &TreeEntry) -> bool {
        let reads = &self.closure.reads;
        let listed = |folder: &String| {
            !folder.is_empty()
                && entry.path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        reads.files.contains(&entry.path) || reads.listings.iter().chain(&reads.perhaps).any(listed)
    }

    /// The entries to write, with charts that others depend on in their places. Submodules are left out.
    fn exported(&self) -> Vec<TreeEntry> {
        let files = self.members.iter().filter(|entry| entry.mode != SUBMODULE);
        let mut entries: Vec<TreeEntry> = files.map(|entry| (*entry).clone()).collect();
        for dependency in &self.closure.dependencies {
            for entry in self.tree.below(&dependency.from).filter(|entry| entry.mode != SUBMODULE) {
                let Some(rest) = entry.path.strip_prefix(&dependency.from) else { continue };
                let path = format!("{}/{}", dependency.to, rest.trim_start_matches('/'));
                entries.push(TreeEntry { path, ..entry.clone() });
            }
        }
        entries
    }
}

/// Plain manifests are their own render.
async fn read_files(work: &Work<'_>, files: &[String]) -> Result<Vec<RenderedText>, Failure> {
    let mut texts = Vec::new();
    for file in files {
        let path = match work.tree.find(file).0 {
            Place::File(path) => path,
            Place::Absent(_) | Place::Folder(_) => {
                return Err(Failure::in_file(format!("`{file}` is missing"), file));
            }
            Place::Outside => {
                let message = format!("`{file}` is a symlink that leads out of the repository or in circles");
                return Err(Failure::in_file(message, file));
            }
        };
        let bytes = work.source.read_file(work.id, &path).await?.unwrap_or_default();
        if bytes.starts_with(LFS) {
            let message = format!("`{file}` is a Git LFS pointer: its content is not in the repository");
            return Err(Failure::in_file(message, file));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::in_file(format!("`{file}` is not a text in UTF-8"), file))?;
        texts.push(RenderedText { file: Some(file.clone()), text, sources: Sources::default() });
    }
    Ok(texts)
}

fn kind(unit: &UnitSpec) -> Option<Kind> {
    match unit.source {
        UnitSource::Yaml { .. } => None,
        UnitSource::Kustomize { .. } => Some(Kind::Kustomize),
        UnitSource::Helm { .. } => Some(Kind::Helm),
    }
}

/// A path of the tree as an argument, which begins neither with a dash nor with a scheme.
fn here(path: &str) -> String {
    format!("./{path}")
}

/// Names that helm and Kubernetes take, and that no option looks like.
fn check_name(what: &str, name: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let edges = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() <= 53 && name.chars().all(allowed) && name.starts_with(edges) && name.ends_with(edges) {
        return Ok(());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(Failure::new(format!(
        "`{shown}` is no valid {what} name: use at most 53 lower-case letters, digits, `-` and `.`; set `{what}` in \
         the policy file"
    )))
}

/// Names one run of a program for good: this version of ours, the program's own bytes and version (which are the
/// capabilities that helm assumes), every argument, and all that it will find in its folder.
fn render_key(tool: &Tool, args: &[String], exported: &[TreeEntry]) -> Digest {
    let mut text = format!("countersign.render/v1 {}\n", env!("CARGO_PKG_VERSION"));
    // Lengths first: no name can pass for two.
    let mut add = |part: &str| text.push_str(&format!("{}:{part}\n", part.len()));
    add(&tool.version);
    add(&args.len().to_string());
    args.iter().for_each(|arg| add(arg));
    for entry in exported {
        [&entry.path, &entry.mode, entry.id.as_str()].into_iter().for_each(&mut add);
    }
    Digest::of(text.as_bytes())
}

/// SHA-256 over everything that decides the output: the renderer, what it is asked, and each file's mode and blob.
fn input_digest(tool: &str, unit: &UnitSpec, members: &[&TreeEntry]) -> Digest {
    let mut text = format!("countersign.input/v1\n{tool}\n");
    let mut line = |parts: &[&str]| {
        // Lengths first: no name can pass for two.
        for part in parts {
            text.push_str(&format!("{}:{part} ", part.len()));
        }
        text.push('\n');
    };
    match &unit.source {
        UnitSource::Yaml { files } => {
            line(&["yaml"]);
            files.iter().for_each(|file| line(&[file]));
        }
        UnitSource::Kustomize { root } => line(&["kustomize", root]),
        UnitSource::Helm { chart, values, release, namespace, kubernetes } => {
            line(&["helm", chart, release, namespace]);
            values.iter().for_each(|path| line(&[path]));
            if let Some(version) = kubernetes {
                line(&["kubernetes", version]);
            }
        }
    }
    line(&["files"]);
    members.iter().for_each(|entry| line(&[&entry.path, &entry.mode, entry.id.as_str()]));
    Digest::of(text.as_bytes())
}
