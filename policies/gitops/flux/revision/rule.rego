# METADATA
# scope: package
# title: sources follow a fixed revision
# description: >-
#   A branch, a range of versions or the newest tag changes what is applied without a change here. For the
#   repository that is itself reviewed in this way a branch is right, which the parameter `branches` allows.
# custom:
#   id: gitops/flux/revision
#   severity: warning
#   fix: >-
#     Set `ref.tag` or `ref.commit` of a GitRepository, `ref.digest` or a full tag of an OCIRepository, one version of
#     a chart.
#   parameters:
#     branches:
#       type: texts
#       default: []
#       description: Branches that may be followed.
package gitops.flux.revision

import data.lib.flux
import data.lib.kubernetes

default branches := []

branches := data.parameters.branches

# The same branch, range or tag of another source is another one.
at(what) := {what: kubernetes.text(kubernetes.value(input, ["spec", "url"], ""))}

deny contains {"msg": sprintf("the branch `%v` is followed", [branch]), "path": ["spec", "ref", "branch"], "worse": at(sprintf("branch %v", [branch]))} if {
	kubernetes.is("source.toolkit.fluxcd.io", "GitRepository")
	ref := kubernetes.value(input, ["spec", "ref"], {})
	every key in ["tag", "commit", "semver", "name"] { not kubernetes.given(ref, key) }
	branch := kubernetes.value(ref, "branch", "master")
	not branch in branches
}

# A reference by its full name is followed before branch, tag and range are; only tags stay where they are.
deny contains {"msg": sprintf("`%v` is followed, which is no tag", [name]), "path": ["spec", "ref", "name"], "worse": at(sprintf("branch %v", [branch]))} if {
	kubernetes.is("source.toolkit.fluxcd.io", "GitRepository")
	name := input.spec.ref.name
	is_string(name)
	not kubernetes.given(input, ["spec", "ref", "commit"])
	not startswith(name, "refs/tags/")
	branch := trim_prefix(name, "refs/heads/")
	not branch in branches
	not name in branches
}

deny contains {
	"msg": sprintf("a range of versions is followed: `%v`", [input.spec.ref.semver]),
	"path": ["spec", "ref", "semver"],
	"worse": at(sprintf("range %v", [input.spec.ref.semver])),
} if {
	flux.source
	kubernetes.given(input, ["spec", "ref", "semver"])
}

deny contains {"msg": "the tag `latest` is followed", "path": ["spec", "ref", "tag"], "worse": at("latest")} if {
	kubernetes.is("source.toolkit.fluxcd.io", "OCIRepository")
	ref := kubernetes.value(input, ["spec", "ref"], {})
	every key in ["digest", "semver"] { not kubernetes.given(ref, key) }
	kubernetes.value(ref, "tag", "latest") == "latest"
}

deny contains {
	"msg": sprintf("the chart `%v` floats: `%v`", [chart.chart, version]),
	"path": ["spec", "chart", "spec", "version"],
	"worse": json.marshal([chart.chart, version, kubernetes.value(chart, "sourceRef", {})]),
} if {
	flux.release
	chart := input.spec.chart.spec
	version := kubernetes.value(chart, "version", "*")
	not regex.match(`^v?[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.+-]+)?$`, sprintf("%v", [version]))
	not kubernetes.value(chart, ["sourceRef", "kind"], "") in ["GitRepository", "Bucket"]
}
