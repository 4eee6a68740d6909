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

# Neither a whole version, perhaps behind the name of what it is of, nor a commit: then it is a branch, like `release-1.2`.
floats(revision) if not regex.match(
	`^([A-Za-z0-9._/-]*[-_/])?v?[0-9]+\.[0-9]+\.[0-9]+([-+.][0-9A-Za-z.+-]+)?$|^[a-f0-9]{7,64}$|^refs/tags/`,
	sprintf("%v", [revision]),
)

# What only lends its values to another source applies nothing itself.
lends(source) if {
	kubernetes.given(source, "ref")
	every field in ["path", "chart"] { not kubernetes.given(source, field) }
}

deny contains {
	"msg": sprintf("`%v` is followed at the floating revision `%v`", [repository, revision]),
	"path": argocd.path(array.concat(found.at, ["targetRevision"])),
	"worse": json.marshal([repository, kubernetes.value(source, "chart", ""), revision]),
} if {
	some found in argocd.sources
	source := found.body
	repository := kubernetes.value(source, "repoURL", "")
	revision := kubernetes.value(source, "targetRevision", "")
	floats(revision)
	not revision in branches
	not lends(source)
}
