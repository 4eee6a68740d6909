//! Two manifests in, fields and text out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod anything;
mod applied;
mod named;
mod written;

use serde_json::Value;

use crate::object::{Body, RenderedObject, Sealer, SealingKey, parse_manifests};

const KEY: SealingKey = SealingKey::new([7; 32]);

fn read(text: &str) -> Value {
    let sealer = Sealer { key: &KEY, environment: "production", mask: &[] };
    let mut objects: Vec<RenderedObject> = parse_manifests(text, None, None, &sealer).unwrap();
    assert_eq!(objects.len(), 1);
    objects.remove(0).body.value()
}

fn unified(before: Option<&Value>, after: Option<&Value>) -> String {
    super::unified(before.map(Body::from).as_ref(), after.map(Body::from).as_ref())
}

/// A workload with a bit of everything.
const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.org/shop:1.4.2
        args: [--port, '80']
        resources: {limits: {cpu: 1000m, memory: 1024Mi}}
        ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]
        env:
        - {name: MODE, value: fast}
        - {name: DB_PASSWORD, value: hunter2}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, emptyDir: {}}]
";
