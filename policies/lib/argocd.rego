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

sources contains source if {
	some application in applications
	source := application.source
	is_object(source)
}

sources contains source if {
	some application in applications
	some source in kubernetes.items(application, ["sources"])
	is_object(source)
}

is_project if kubernetes.is("argoproj.io", "AppProject")
