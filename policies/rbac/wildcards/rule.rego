# METADATA
# scope: package
# title: roles name what they allow
# description: >-
#   A star in verbs, resources or API groups allows everything that exists, and everything that will ever be
#   installed.
# custom:
#   id: rbac/wildcards
#   severity: error
#   fix: >-
#     Name the verbs, resources and groups that are needed.
package rbac.wildcards

import data.lib.kubernetes
import data.lib.roles

words(rule, field) := concat(", ", {sprintf("%v", [one]) | some one in kubernetes.items(rule, ["body", field])})

deny contains {"msg": sprintf("the role allows every verb on %s", [what]), "path": ["rules", rule.index, "verbs"], "worse": roles.extent(rule)} if {
	some rule in roles.rules
	"*" in rule.body.verbs
	some field in ["resources", "nonResourceURLs"]
	what := words(rule, field)
	what != ""
}

deny contains {"msg": sprintf("the role allows to %s every resource of the groups `%s`", [words(rule, "verbs"), words(rule, "apiGroups")]), "path": ["rules", rule.index, "resources"], "worse": roles.extent(rule)} if {
	some rule in roles.rules
	"*" in rule.body.resources
}

deny contains {"msg": sprintf("the role allows to %s %s of every group", [words(rule, "verbs"), words(rule, "resources")]), "path": ["rules", rule.index, "apiGroups"], "worse": roles.extent(rule)} if {
	some rule in roles.rules
	"*" in rule.body.apiGroups
}

deny contains {"msg": sprintf("the role allows to %s every path of the API server", [words(rule, "verbs")]), "path": ["rules", rule.index, "nonResourceURLs"], "worse": roles.extent(rule)} if {
	some rule in roles.rules
	"*" in rule.body.nonResourceURLs
}

deny contains {"msg": sprintf("the role allows to %s a subresource of everything: `%s`", [words(rule, "verbs"), resource]), "path": ["rules", rule.index, "resources", index], "worse": roles.extent(rule)} if {
	some rule in roles.rules
	some index, resource in kubernetes.items(rule, ["body", "resources"])
	kubernetes.starts(resource, "*/")
}
