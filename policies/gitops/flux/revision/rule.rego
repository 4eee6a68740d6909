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

deny contains sprintf("the branch `%v` is followed", [branch]) if {
	kubernetes.is("source.toolkit.fluxcd.io", "GitRepository")
	ref := kubernetes.value(input, ["spec", "ref"], {})
	every key in ["tag", "commit", "semver", "name"] { not kubernetes.given(ref, key) }
	branch := kubernetes.value(ref, "branch", "master")
	not branch in branches
}

deny contains sprintf("a range of versions is followed: `%v`", [input.spec.ref.semver]) if {
	flux.source
	kubernetes.given(input, ["spec", "ref", "semver"])
}

deny contains "the tag `latest` is followed" if {
	kubernetes.is("source.toolkit.fluxcd.io", "OCIRepository")
	ref := kubernetes.value(input, ["spec", "ref"], {})
	every key in ["digest", "semver"] { not kubernetes.given(ref, key) }
	kubernetes.value(ref, "tag", "latest") == "latest"
}

deny contains sprintf("the chart `%v` floats: `%v`", [chart.chart, version]) if {
	flux.release
	chart := input.spec.chart.spec
	version := kubernetes.value(chart, "version", "*")
	not regex.match(`^v?[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.+-]+)?$`, sprintf("%v", [version]))
	not kubernetes.value(chart, ["sourceRef", "kind"], "") in ["GitRepository", "Bucket"]
}
