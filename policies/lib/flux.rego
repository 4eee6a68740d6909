# METADATA
# title: Objects of Flux
# description: What kind of Flux object is judged.
package lib.flux

import data.lib.kubernetes

kustomization if kubernetes.is("kustomize.toolkit.fluxcd.io", "Kustomization")

release if kubernetes.is("helm.toolkit.fluxcd.io", "HelmRelease")

source if {
	kubernetes.group == "source.toolkit.fluxcd.io"
	input.kind in ["GitRepository", "OCIRepository", "HelmRepository", "Bucket", "HelmChart"]
}

# What writes new images into git, and the policies and lists that it chooses from.
automation if kubernetes.group == "image.toolkit.fluxcd.io"

notification if kubernetes.group == "notification.toolkit.fluxcd.io"

applies if kustomization

applies if release

object if applies

object if source
