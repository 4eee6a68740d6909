// Cuts GitHub's published descriptions down to the operations and deliveries that the stand-in forge serves, as JSON
// Schema 2020-12, and writes github.json beside this file. It never changes what a kept schema demands.
//
//     npm install --ignore-scripts --prefix DIR @octokit/openapi@23.0.2 @octokit/openapi-webhooks@12.1.0
//     node slice.mjs DIR
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node slice.mjs DIR (where the two packages are installed)");
const read = (pkg, file) => JSON.parse(fs.readFileSync(path.join(folder, "node_modules/@octokit", pkg, file)));
const rest = read("openapi", "generated/api.github.com.json");
const hooks = read("openapi-webhooks", "generated/api.github.com.json");

const OPERATIONS = `
GET /user
GET /users/{username}
GET /user/repos
GET /user/{account_id}
GET /users/{username}/installation
GET /app
GET /app/installations
GET /apps/{app_slug}
GET /installation/repositories
POST /app/installations/{installation_id}/access_tokens
GET /orgs/{org}/installation
GET /orgs/{org}/teams/{team_slug}/members
GET /repos/{owner}/{repo}
GET /repos/{owner}/{repo}/installation
GET /repos/{owner}/{repo}/compare/{basehead}
GET /repos/{owner}/{repo}/activity
GET /repos/{owner}/{repo}/branches/{branch}
GET /repos/{owner}/{repo}/branches/{branch}/protection
GET /repos/{owner}/{repo}/rules/branches/{branch}
GET /repos/{owner}/{repo}/rulesets
GET /repos/{owner}/{repo}/rulesets/{ruleset_id}
GET /repos/{owner}/{repo}/collaborators/{username}/permission
GET /repos/{owner}/{repo}/commits/{ref}
GET /repos/{owner}/{repo}/commits/{ref}/status
GET /repos/{owner}/{repo}/commits/{ref}/statuses
GET /repos/{owner}/{repo}/commits/{ref}/check-runs
GET /repos/{owner}/{repo}/actions/runs
POST /repos/{owner}/{repo}/statuses/{sha}
POST /repos/{owner}/{repo}/check-runs
PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}
GET /repos/{owner}/{repo}/issues/{issue_number}/comments
POST /repos/{owner}/{repo}/issues/{issue_number}/comments
GET /repos/{owner}/{repo}/issues/comments/{comment_id}
PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}
DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}
GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions
POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions
GET /repos/{owner}/{repo}/pulls
GET /repos/{owner}/{repo}/pulls/{pull_number}
GET /repos/{owner}/{repo}/pulls/{pull_number}/commits
GET /repos/{owner}/{repo}/pulls/{pull_number}/files
GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews
POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews
GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge
`.trim().split("\n");

const DELIVERIES = `
push
pull_request opened synchronize edited closed reopened review_requested review_request_removed
issue_comment created edited deleted
pull_request_review submitted dismissed
`.trim().split("\n");

const WORDS = new Set(["description", "example", "examples", "title", "deprecated", "externalDocs", "discriminator",
  "readOnly", "writeOnly", "default"]);

// The list of installations writes each out, and as an account that is a user and an enterprise at once, which nothing can
// be; the schema of that name, which other operations use, says "or".
rest.paths["/app/installations"].get.responses["200"].content["application/json"].schema.items = {
  $ref: "#/components/schemas/installation",
};

const needed = new Map();
const follow = (ref, from, prefix) => {
  const name = ref.split("/").pop();
  const key = `${prefix}${name}`;
  if (!needed.has(key)) {
    needed.set(key, null);
    needed.set(key, schema(from.components.schemas[name], from, prefix));
  }
  return `#/$defs/${key}`;
};

// One schema, without prose, with `nullable` said in JSON Schema's own words.
function schema(node, from, prefix) {
  if (Array.isArray(node)) return node.map((item) => schema(item, from, prefix));
  if (node === null || typeof node !== "object") return node;
  if (node.$ref && !node.nullable) return { $ref: follow(node.$ref, from, prefix) };
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith("x-") || key === "nullable" || WORDS.has(key)) continue;
    if (key === "enum" || key === "required" || key === "const") {
      out[key] = value;
    } else if (key === "properties" || key === "patternProperties") {
      out[key] = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, schema(v, from, prefix)]));
    } else if (key === "$ref") {
      out.$ref = follow(value, from, prefix);
    } else {
      out[key] = schema(value, from, prefix);
    }
  }
  for (const [bound, limit] of [["exclusiveMinimum", "minimum"], ["exclusiveMaximum", "maximum"]]) {
    if (out[bound] === true) { out[bound] = out[limit]; delete out[limit]; } else if (out[bound] === false) delete out[bound];
  }
  if (!node.nullable) return out;
  if (typeof out.type === "string" && !out.$ref && !out.allOf && !out.anyOf && !out.oneOf) {
    if (out.enum && !out.enum.includes(null)) out.enum = [...out.enum, null];
    return { ...out, type: [out.type, "null"] };
  }
  return { anyOf: [out, { type: "null" }] };
}

const resolve = (node) => (node?.$ref ? node.$ref.slice(2).split("/").reduce((at, part) => at[part], rest) : node);
const body = (part) => part?.content?.["application/json"]?.schema;

const operations = {};
for (const line of OPERATIONS) {
  const [method, route] = line.split(" ");
  const shared = rest.paths[route];
  const operation = shared[method.toLowerCase()];
  const query = {};
  const required = [];
  for (const given of [...(shared.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve(given);
    if (parameter.in !== "query") continue;
    query[parameter.name] = schema(parameter.schema, rest, "");
    if (parameter.required) required.push(parameter.name);
  }
  const request = resolve(operation.requestBody);
  let sent = body(request) ? schema(body(request), rest, "") : null;
  // An unknown member is ignored by the forge; here it is a mistake of the caller.
  if (sent?.properties && sent.additionalProperties === undefined && !sent.oneOf) sent.additionalProperties = false;
  const responses = {};
  for (const [status, given] of Object.entries(operation.responses)) {
    const found = body(resolve(given));
    responses[status] = found ? schema(found, rest, "") : null;
  }
  operations[line] = {
    query: { type: "object", properties: query, required, additionalProperties: false },
    body: sent,
    body_required: request?.required === true,
    responses,
  };
}

const deliveries = {};
for (const line of DELIVERIES) {
  const [event, ...actions] = line.split(" ");
  for (const action of actions.length ? actions : [""]) {
    const name = [event, action].filter(Boolean).join("-").replaceAll("_", "-");
    const found = body(hooks.webhooks[name].post.requestBody);
    deliveries[[event, action].filter(Boolean).join(".")] = schema(found, hooks, "hook-");
  }
}

const slice = {
  source: {
    rest: `@octokit/openapi ${rest.info.version}`,
    webhooks: `@octokit/openapi-webhooks ${hooks.info.version}`,
    license: "MIT",
  },
  operations,
  deliveries,
  $defs: Object.fromEntries([...needed].sort(([a], [b]) => (a < b ? -1 : 1))),
};
const out = path.join(path.dirname(fileURLToPath(import.meta.url)), "github.json");
const text = JSON.stringify(slice);
fs.writeFileSync(out, `${text}\n`);
console.log(`${out}: ${Object.keys(operations).length} operations, ${Object.keys(deliveries).length} deliveries, `
  + `${needed.size} schemas, ${text.length} bytes`);
