# METADATA
# title: Roles and bindings
# description: What the rules of a role allow, and whom a binding binds.
package lib.roles

import data.lib.kubernetes

is_role if {
	kubernetes.group == "rbac.authorization.k8s.io"
	input.kind in ["Role", "ClusterRole"]
}

is_binding if {
	kubernetes.group == "rbac.authorization.k8s.io"
	input.kind in ["RoleBinding", "ClusterRoleBinding"]
}

# The rules of a role.
rules contains rule if {
	is_role
	some index, body in kubernetes.items(input, ["rules"])
	is_object(body)
	rule := {"body": body, "index": index}
}

# Whether a rule is about a resource, and allows one of some verbs on it.
allows(rule, group, resource, verbs) if {
	some named in ["*", group]
	named in rule.body.apiGroups
	some kind in ["*", resource, any_of(resource)]
	kind in rule.body.resources
	some verb in array.concat(["*"], verbs)
	verb in rule.body.verbs
}

# `pods/exec` is also meant by `*/exec`.
any_of(resource) := concat("/", ["*", split(resource, "/")[1]]) if contains(resource, "/")

else := resource

# Named objects only: a rule that says which is narrower than one that does not.
names_objects(rule) if count(kubernetes.items(rule, ["body", "resourceNames"])) > 0

# What is allowed on a resource: each of some verbs, with what it is allowed on, all or the objects that are named.
granted(group, resource, verbs) := {verb: reach |
	some verb in verbs
	granting := [rule | some rule in rules; allows(rule, group, resource, [verb])]
	count(granting) > 0
	reach := objects(granting)
}

objects(granting) if {
	some rule in granting
	not names_objects(rule)
}

else := {name | some rule in granting; some name in kubernetes.items(rule, ["body", "resourceNames"])}

# The verbs that are allowed on all objects of a resource.
at_large(group, resource, verbs) := {verb | some verb, reach in granted(group, resource, verbs); reach == true}

# The path of the first rule that allows one of some verbs on a resource, before all one that names no objects.
path(group, resource, verbs) := ["rules", min(found)] if {
	found := {rule.index | some rule in rules; allows(rule, group, resource, verbs); not names_objects(rule)}
	count(found) > 0
}

else := ["rules", min(found)] if {
	found := {rule.index | some rule in rules; allows(rule, group, resource, verbs)}
	count(found) > 0
}

else := []

# Everything that a rule allows, as `worse` compares it.
extent(rule) := {
	"groups": listed(rule, "apiGroups"),
	"names": objects([rule]),
	"paths": listed(rule, "nonResourceURLs"),
	"resources": listed(rule, "resources"),
	"verbs": listed(rule, "verbs"),
}

listed(rule, field) if "*" in kubernetes.items(rule, ["body", field])

else := {one | some one in kubernetes.items(rule, ["body", field])}

# What a binding grants. Another role counts as more, since what is in it is not seen here.
bound := sprintf("%v `%v`", [kubernetes.value(input, ["roleRef", "kind"], ""), kubernetes.value(input, ["roleRef", "name"], "")])

words(subject) := sprintf("%v `%v` of the namespace `%v`", [subject.kind, subject.name, subject.namespace]) if {
	subject.kind == "ServiceAccount"
	kubernetes.given(subject, "namespace")
}

else := sprintf("%v `%v`", [subject.kind, subject.name])

subjects contains subject if {
	is_binding
	some index, body in kubernetes.items(input, ["subjects"])
	is_object(body)
	subject := object.union(object.union({"kind": "", "name": ""}, body), {"index": index})
}
