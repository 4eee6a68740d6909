// Cuts GitHub's published GraphQL schema down to the fields that are asked for here, and writes github.graphql beside
// this file. It never changes what a kept field is: its arguments, its type and what may be null.
//
//     npm install --ignore-scripts --prefix DIR @octokit/graphql-schema@15.26.1
//     node slice-graphql.mjs DIR
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node slice-graphql.mjs DIR (where the package is installed)");
const from = path.resolve(folder, "node_modules/@octokit/graphql-schema");
const { Kind, parse, print, visit } = createRequire(path.join(from, "package.json"))("graphql");
const { version } = JSON.parse(fs.readFileSync(path.join(from, "package.json")));

// Types and the fields of them that are kept; "*" for all. Types without fields are kept whole where a field needs them.
const KEPT = {
  Query: "repository",
  Repository: "pullRequest",
  PullRequest: "commits headRefOid reviews",
  PullRequestCommitConnection: "nodes pageInfo totalCount",
  PullRequestCommit: "commit",
  Commit: "committedViaWeb oid signature",
  GitSignature: "*",
  GpgSignature: "*",
  SmimeSignature: "*",
  SshSignature: "*",
  UnknownSignature: "*",
  User: "databaseId login",
  PullRequestReviewConnection: "nodes pageInfo totalCount",
  PullRequestReview: "databaseId lastEditedAt",
  PageInfo: "*",
};

const all = new Map();
for (const type of parse(fs.readFileSync(path.join(from, "schema.graphql"), "utf8")).definitions) {
  if (type.name) all.set(type.name.value, type);
}

const needed = new Map();
const need = (name) => {
  if (needed.has(name) || !all.has(name)) return;
  const type = { ...all.get(name), description: undefined, directives: [] };
  needed.set(name, type);
  if (type.fields && type.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    const kept = KEPT[name];
    if (!kept) throw new Error(`say which fields of ${name} are kept`);
    const names = kept.split(" ");
    for (const one of names) {
      if (one !== "*" && !type.fields.some((field) => field.name.value === one)) throw new Error(`no ${name}.${one}`);
    }
    type.fields = type.fields.filter((field) => kept === "*" || names.includes(field.name.value));
    type.interfaces = type.interfaces.filter((face) => KEPT[face.name.value]);
  }
  visit(type, { NamedType: (node) => need(node.name.value) });
};
for (const name of Object.keys(KEPT)) need(name);

const bare = (type) => visit(type, {
  enter: (node) => (node.description ? { ...node, description: undefined } : undefined),
});
const types = [...needed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, type]) => print(bare(type)));
const head = `# Cut from npm @octokit/graphql-schema ${version} (MIT) by slice-graphql.mjs; see README.md.`;
const text = `${[head, ...types].join("\n\n")}\n`;
const out = path.join(path.dirname(fileURLToPath(import.meta.url)), "github.graphql");
fs.writeFileSync(out, text);
console.log(`${out}: ${types.length} types, ${text.length} bytes`);
