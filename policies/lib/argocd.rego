# METADATA
# title: Applications of Argo CD
# description: What an Application applies, also where it stands in an ApplicationSet.
package lib.argocd

import data.lib.kubernetes

applications contains spec if {
	kubernetes.is("argoproj.io", "Application")
	spec := input.spec
	is_object(spec)
}

applications contains spec if {
	kubernetes.is("argoproj.io", "ApplicationSet")
	spec := input.spec.template.spec
	is_object(spec)
}

# `at` leads there from the spec of the Application.
sources contains {"at": ["source"], "body": source} if {
	some application in applications
	source := application.source
	is_object(source)
}

sources contains {"at": ["sources", index], "body": source} if {
	some application in applications
	some index, source in kubernetes.items(application, ["sources"])
	is_object(source)
}

# The path of what the spec of an Application has.
path(below) := array.concat(["spec"], below) if input.kind == "Application"

else := array.concat(["spec", "template", "spec"], below)

is_project if kubernetes.is("argoproj.io", "AppProject")
