# METADATA
# title: Applications of Argo CD
# description: What an Application applies, also where it stands in an ApplicationSet.
package lib.argocd

import data.lib.kubernetes

applications contains input.spec if kubernetes.is("argoproj.io", "Application")

applications contains input.spec.template.spec if kubernetes.is("argoproj.io", "ApplicationSet")

sources contains source if {
	some application in applications
	source := application.source
	is_object(source)
}

sources contains source if {
	some application in applications
	some source in application.sources
	is_object(source)
}

is_project if kubernetes.is("argoproj.io", "AppProject")
