# METADATA
# scope: package
# title: Applications follow a fixed revision
# description: >-
#   With `HEAD`, a branch or a range of versions, what is applied changes without a change here: nobody sees it
#   before it is live. For a repository that is itself reviewed in this way a branch is right, which the parameter
#   `branches` allows.
# custom:
#   id: gitops/argocd/revision
#   severity: warning
#   fix: >-
#     Set `targetRevision` to a tag, a commit or one version of the chart.
#   parameters:
#     branches:
#       type: texts
#       default: []
#       description: Revisions that may be followed although they move.
package gitops.argocd.revision

import data.lib.argocd
import data.lib.kubernetes

default branches := []

branches := data.parameters.branches

floats(revision) if revision in ["", "HEAD", null]

floats(revision) if contains(sprintf("%v", [revision]), "*")

floats(revision) if regex.match(`^[<>=^~]|\|\||^v?[0-9]+(\.[0-9]+)?(\.x)?$`, sprintf("%v", [revision]))

# Neither a version, nor a tag of one, nor a commit: then it is a branch.
floats(revision) if not regex.match(`[0-9]+\.[0-9]+|^[a-f0-9]{7,64}$|^refs/tags/`, sprintf("%v", [revision]))

deny contains sprintf("`%v` is followed at the floating revision `%v`", [kubernetes.value(source, "repoURL", ""), revision]) if {
	some source in argocd.sources
	revision := kubernetes.value(source, "targetRevision", "")
	floats(revision)
	not revision in branches
	not kubernetes.given(source, "ref")
}
