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
	some body in kubernetes.items(input, ["rules"])
	is_object(body)
	rule := {"body": body}
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

subjects contains subject if {
	is_binding
	some body in kubernetes.items(input, ["subjects"])
	is_object(body)
	subject := object.union({"kind": "", "name": ""}, body)
}
