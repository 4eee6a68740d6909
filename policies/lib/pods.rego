# METADATA
# title: Pods, wherever they stand
# description: >-
#   Every pod that an object describes: a Pod itself, what a workload makes its pods from, a PodTemplate, and what
#   workloads of others call `spec.template`. And every container of these pods, whichever list it is in.
package lib.pods

import data.lib.kubernetes

# Workloads that make pods from `spec.template`, by kind, with their API groups.
workloads := {
	"DaemonSet": {"apps", "extensions"},
	"Deployment": {"apps", "extensions"},
	"Job": {"batch"},
	"ReplicaSet": {"apps", "extensions"},
	"ReplicationController": {""},
	"StatefulSet": {"apps"},
}

# Workloads whose pods run until they are told to stop.
serving := {"DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"}

is_workload if kubernetes.group in workloads[input.kind]

is_serving if {
	is_workload
	input.kind in serving
}

pods contains described("spec", input) if kubernetes.is("", "Pod")

pods contains described("template.spec", input.template) if kubernetes.is("", "PodTemplate")

pods contains described("spec.template.spec", input.spec.template) if is_workload

pods contains described("spec.jobTemplate.spec.template.spec", input.spec.jobTemplate.spec.template) if {
	kubernetes.is("batch", "CronJob")
}

# A workload of somebody else: Rollouts, Knative services and the like.
pods contains described("spec.template.spec", input.spec.template) if {
	not is_workload
	is_array(input.spec.template.spec.containers)
}

described(at, template) := {
	"at": at,
	"metadata": kubernetes.value(template, "metadata", {}),
	"spec": kubernetes.value(template, "spec", {}),
} if {
	is_object(template)
}

lists := {
	"containers": "container",
	"ephemeralContainers": "ephemeral container",
	"initContainers": "init container",
}

# `words` is how messages name it: init container `migrate`.
containers contains container if {
	some pod in pods
	some list, word in lists
	some body in kubernetes.items(pod, ["spec", list])
	is_object(body)
	name := object.get(body, "name", "")
	container := {"pod": pod, "list": list, "body": body, "name": name, "words": sprintf("%s `%v`", [word, name])}
}

# Containers that run as long as their pod: those of `containers`, and init containers that are restarted always.
lasting contains container if {
	some container in containers
	container.list == "containers"
}

lasting contains container if {
	some container in containers
	container.list == "initContainers"
	container.body.restartPolicy == "Always"
}

annotations(pod) := kubernetes.entries(pod, ["metadata", "annotations"])

# Controls of Linux mean nothing to a pod that says it is for Windows.
for_windows(pod) if {
	kubernetes.at_least(25)
	pod.spec.os.name == "windows"
}

# Root in a pod with users of its own is nobody on the node.
own_users(pod) if {
	kubernetes.at_least(35)
	pod.spec.hostUsers == false
}

# Every security context of pods and containers, with the words for whose it is.
contexts contains context if {
	some pod in pods
	body := pod.spec.securityContext
	context := {"pod": pod, "words": "the pod", "body": body}
}

contexts contains context if {
	some container in containers
	body := container.body.securityContext
	context := {"pod": container.pod, "words": container.words, "body": body}
}
