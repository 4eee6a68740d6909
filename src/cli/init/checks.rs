//! The checks for CI that `init` writes: `review` on every request, with the least rights, and no text of strangers in
//! a script.

use super::{ForgeName, NewFile};

/// The file that a forge's CI reads.
pub(super) fn check(forge: ForgeName) -> NewFile {
    match forge {
        ForgeName::Github => {
            NewFile { path: ".github/workflows/countersign.yml", text: actions("GitHub Actions") }
        }
        ForgeName::Gitea => {
            NewFile { path: ".gitea/workflows/countersign.yml", text: actions("Gitea Actions") }
        }
        ForgeName::Gitlab => NewFile { path: ".gitlab-ci.countersign.yml", text: GITLAB.to_owned() },
    }
}

/// What is left to do so that the check runs.
pub(super) fn next(forge: ForgeName) -> String {
    match forge {
        ForgeName::Github | ForgeName::Gitea => {
            "  set the variables COUNTERSIGN_SOURCE and COUNTERSIGN_REVISION of the repository or its organization:\n    \
             the clone URL and the commit of countersign that the check builds, where its runner has none installed\n"
        }
        ForgeName::Gitlab => {
            "  add to .gitlab-ci.yml:\n    include:\n      - local: .gitlab-ci.countersign.yml\n  \
             set the variable COUNTERSIGN_IMAGE of the project or its group: an image with countersign in it, such as\n    \
             the one that deploy/Dockerfile of countersign builds\n"
        }
    }
    .to_owned()
}

fn actions(name: &str) -> String {
    ACTIONS.replace("NAME", name)
}

const ACTIONS: &str = r#"# Says on every pull request what merging it would do to each environment, and fails where the policy of the target branch
# blocks it, or where something could not be told. For NAME. Written by `countersign init`; yours to change.
#
# The runner needs git, and `kustomize` and `helm` for what they render. Where it has no `countersign`, one is built from
# COUNTERSIGN_SOURCE (a clone URL) at COUNTERSIGN_REVISION (a commit), two variables of the repository or organization.
name: countersign

on:
  pull_request:

permissions:
  contents: read

jobs:
  review:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 0 # the merge base may lie far back
          persist-credentials: false
      - name: Find or build countersign
        env:
          SOURCE: ${{ vars.COUNTERSIGN_SOURCE }}
          REVISION: ${{ vars.COUNTERSIGN_REVISION }}
        run: |
          if command -v countersign; then exit 0; fi
          if [ -z "$SOURCE" ] || [ -z "$REVISION" ]; then
            echo "no countersign on this runner: install it, or set COUNTERSIGN_SOURCE and COUNTERSIGN_REVISION" >&2
            exit 64
          fi
          cargo install --locked --git "$SOURCE" --rev "$REVISION" --root "$RUNNER_TEMP/countersign" countersign
          echo "$RUNNER_TEMP/countersign/bin" >> "$GITHUB_PATH"
      - name: Review
        env:
          BASE: ${{ github.event.pull_request.base.sha }}
          HEAD: ${{ github.event.pull_request.head.sha }}
        run: |
          report="$RUNNER_TEMP/countersign.md"
          status=0
          countersign review --base "$BASE" --head "$HEAD" --format markdown --output "$report" || status=$?
          if [ -f "$report" ]; then
            cat "$report"
            cat "$report" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
          fi
          exit "$status"
"#;

const GITLAB: &str = r#"# Says on every merge request what merging it would do to each environment, and fails where the policy of the target branch
# blocks it, or where something could not be told. Written by `countersign init`; yours to change.
#
# Include it from .gitlab-ci.yml:
#
#   include:
#     - local: .gitlab-ci.countersign.yml
#
# COUNTERSIGN_IMAGE, a variable of the project or group, names an image with git, countersign and the renderers in it, such
# as the one that deploy/Dockerfile of countersign builds. A pipeline of a fork compares with the fork's own branches.
countersign:
  stage: test
  image:
    name: "$COUNTERSIGN_IMAGE"
    entrypoint: [""]
  timeout: 30 minutes
  rules:
    - if: '$CI_PIPELINE_SOURCE == "merge_request_event"'
  variables:
    GIT_DEPTH: "0" # the merge base may lie far back
    GIT_STRATEGY: clone
  script:
    - git config --global --add safe.directory "$CI_PROJECT_DIR" # the runner cloned it as another user
    - git fetch --quiet origin "+refs/heads/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME:refs/remotes/origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
    - |
      status=0
      countersign review --base "refs/remotes/origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME" --head "${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-$CI_COMMIT_SHA}" --format markdown --output countersign.md || status=$?
      if [ -f countersign.md ]; then cat countersign.md; fi
      exit "$status"
  artifacts:
    when: always
    expire_in: 1 week
    paths:
      - countersign.md
"#;
