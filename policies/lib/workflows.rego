# METADATA
# title: Templates of Argo Workflows
# description: >-
#   A template runs one container, a script or a set of containers, with sidecars; what it does not say itself, its workflow
#   says for all. It is read as the pod that it makes.
package lib.workflows

import data.lib.kubernetes

workflow := input.spec if {
	kubernetes.group == "argoproj.io"
	input.kind in ["ClusterWorkflowTemplate", "Workflow", "WorkflowTemplate"]
}

workflow := input.spec.workflowSpec if kubernetes.is("argoproj.io", "CronWorkflow")

written[name] := template if {
	some template in kubernetes.items(workflow, ["templates"])
	is_object(template)
	name := sprintf("%v", [kubernetes.value(template, "name", "")])
}

written["templateDefaults"] := workflow.templateDefaults if is_object(workflow.templateDefaults)

# As the template of a pod, by name.
templates[name] := {"metadata": kubernetes.value(template, "metadata", {}), "spec": spec} if {
	some name, template in written
	count(containers(template)) > 0
	spec := object.union(inherited(template), {
		"containers": containers(template),
		"initContainers": kubernetes.items(template, ["initContainers"]),
		"volumes": array.concat(kubernetes.items(workflow, ["volumes"]), kubernetes.items(template, ["volumes"])),
	})
}

containers(template) := array.concat(
	array.concat(main(template), kubernetes.items(template, ["containerSet", "containers"])),
	kubernetes.items(template, ["sidecars"]),
)

# The container of a template is called so, whatever it says.
main(template) := [object.union(body, {"name": "main"}) |
	some field in ["container", "script"]
	body := kubernetes.value(template, field, null)
	is_object(body)
]

# What stands at the template, or else at the workflow.
inherited(template) := {field: found |
	some field in [
		"affinity", "automountServiceAccountToken", "hostNetwork", "securityContext", "serviceAccountName", "tolerations",
	]
	found := kubernetes.value(template, field, kubernetes.value(workflow, field, null))
	found != null
}
