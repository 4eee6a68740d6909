//! What renderers may use, as values. Read from nothing: whoever starts us fills it in.

use std::path::PathBuf;
use std::time::Duration;

/// What happens where no sandbox can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unsandboxed {
    /// Nothing that needs a program is rendered.
    #[default]
    Refuse,
    /// Programs run with time and output limits only. For one's own repositories.
    Allow,
}

/// How to render. Programs are names to be found on `PATH`, or paths.
#[derive(Debug, Clone)]
pub struct RenderSettings {
    /// `kustomize`.
    pub kustomize: PathBuf,
    /// `kubectl`, whose `kubectl kustomize` stands in where there is no `kustomize`.
    pub kubectl: PathBuf,
    /// `helm`.
    pub helm: PathBuf,
    /// Where scratch files live; created where absent.
    pub scratch: PathBuf,
    /// This program itself, which confines a renderer when it is started as `… __render-sandbox`.
    pub sandbox_program: PathBuf,
    /// Whether to go without.
    pub unsandboxed: Unsandboxed,
    /// Wall-clock time of one render.
    pub timeout: Duration,
    /// Bytes of memory of one render.
    pub memory: u64,
    /// Bytes of manifests of one render.
    pub output: usize,
    /// Renders at once; at least one.
    pub parallel: usize,
    /// Bytes of manifests that are remembered.
    pub cache: usize,
}

impl RenderSettings {
    /// The defaults, with a scratch folder and the path of this program.
    pub fn new(scratch: PathBuf, sandbox_program: PathBuf) -> Self {
        Self {
            kustomize: "kustomize".into(),
            kubectl: "kubectl".into(),
            helm: "helm".into(),
            scratch,
            sandbox_program,
            unsandboxed: Unsandboxed::Refuse,
            timeout: Duration::from_secs(60),
            memory: 1 << 30,
            output: 64 << 20,
            parallel: 2,
            cache: 256 << 20,
        }
    }
}
