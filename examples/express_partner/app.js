// An example webhook receiver for Mews in Express.
//
// It answers at once and processes messages afterwards, because Mews waits no longer than 5 seconds
// (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the same
// URL. fetcher.js fetches the entities that have changed; api_client.js calls Mews.
"use strict";

const { createHash, timingSafeEqual } = require("node:crypto");
const { readFileSync } = require("node:fs");
const express = require("express");
const { Fetcher } = require("./fetcher");

const { MEWS_TOKEN, PORT = "8000", HOST = "127.0.0.1" } = process.env;
const TENANTS = process.env.MEWS_TENANTS_JSON ?? process.env.MEWS_TENANTS;
if (!MEWS_TOKEN) {
  throw new Error("Set MEWS_TOKEN to the secret in the URL that you register with Mews");
}

// The entity that each event is about. Both events of a new customer have the same id.
const ENTITIES = new Map([
  ["ServiceOrderUpdated", "reservations"],
  ["ResourceUpdated", "resources"],
  ["MessageAdded", "messages"],
  ["ResourceBlockUpdated", "resourceBlocks"],
  ["CustomerAdded", "customers"],
  ["CustomerUpdated", "customers"],
  ["PaymentUpdated", "payments"],
  ["ResourceDeleted", "resources"],
  ["ProductUpdated", "products"],
  ["ProductDeleted", "products"],
]);
const DELETIONS = new Set(["ResourceDeleted", "ProductDeleted"]);
const ACTIVE = new Map([
  ["IntegrationEnabled", true],
  ["IntegrationReinstated", true],
  ["IntegrationDisabled", false],
  ["IntegrationCanceled", false],
]);
const ACTIONS = new Set([
  ...ACTIVE.keys(),
  "IntegrationCreated",
  "IntegrationDeleted",
  "IntegrationApiKeyCreated",
]);

const integrations = new Map(); // by integration id
const integrationIds = new Map(); // by enterprise id, as General Webhooks name them
const entities = new Map(); // by "enterprise id/kind/id"
const deleted = new Set(); // the same keys
const fetcher = new Fetcher(accessToken, store);

const digest = (text) => createHash("sha256").update(text).digest(); // of equal length
const expectedDigest = digest(MEWS_TOKEN);

function authorise(request, response, next) {
  const token = request.query.Token; // an array if it occurs twice
  if (typeof token === "string" && timingSafeEqual(digest(token), expectedDigest)) next();
  else response.status(401).end();
}

// Don't use `express.json()`: its limit is 100 kB (about 1,088 events), it ignores a body without
// a content type, which Mews doesn't guarantee, and it replaces bytes that aren't UTF-8, which
// makes a corrupt id look valid.
const body = express.raw({ type: () => true, limit: "4mb" });
const decoder = new TextDecoder("utf-8", { fatal: true });

function receive(request, response) {
  let message;
  try {
    message = JSON.parse(decoder.decode(request.body));
    check(message);
  } catch {
    return response.status(400).end();
  }
  setImmediate(processMessage, message); // after the response; a persistent queue is better
  return response.status(202).end();
}

// Throws if a property is missing that `handle` needs.
function check(message) {
  const strings = [];
  if (Array.isArray(message.Events)) {
    strings.push(message.EnterpriseId, message.IntegrationId);
    for (const { Discriminator, Value } of message.Events) {
      strings.push(Discriminator);
      if (ENTITIES.has(Discriminator)) strings.push(Value.Id);
    }
  } else {
    const { Action, Data } = message;
    strings.push(Action);
    if (ACTIONS.has(Action)) strings.push(Data.Integration.Id);
    if (Action === "IntegrationApiKeyCreated") strings.push(Data.ApiKey);
    if (Action === "IntegrationCreated") strings.push(Data.Enterprise.Id, Data.AccessToken);
  }
  if (!strings.every((string) => typeof string === "string")) throw new TypeError();
}

function processMessage(message) {
  try {
    handle(message);
  } catch (error) {
    console.error("A message could not be handled", error);
  }
}

// Applies a message, which may arrive twice and in any order.
function handle(message) {
  if (message.Events) {
    const { EnterpriseId, IntegrationId } = message;
    integrationIds.set(EnterpriseId, IntegrationId);
    for (const { Discriminator, Value } of message.Events) {
      if (!ENTITIES.has(Discriminator)) continue; // Mews may add others at any time
      const kind = ENTITIES.get(Discriminator);
      const key = keyOf(EnterpriseId, kind, Value.Id);
      if (DELETIONS.has(Discriminator)) remove(key);
      else if (!deleted.has(key)) fetcher.add(EnterpriseId, kind, [Value.Id]); // may come late
    }
    return;
  }
  const { Action, Data } = message;
  if (!ACTIONS.has(Action)) return;
  const id = Data.Integration.Id;
  const integration = integrations.get(id) ?? {};
  integrations.set(id, integration);
  if (Action === "IntegrationDeleted") integrations.delete(id);
  else if (ACTIVE.has(Action)) integration.active = ACTIVE.get(Action);
  else if (Action === "IntegrationApiKeyCreated") integration.apiKey = Data.ApiKey; // replaces it
  else {
    integration.enterpriseId = Data.Enterprise.Id;
    integration.accessToken = Data.AccessToken;
    integration.active = Data.IsEnabled !== false; // enabled if missing or null
  }
  fetcher.resume(); // events may have arrived before the token
}

// Returns the access token of an enterprise; undefined while it is not connected or inactive.
// The token of a chain covers its properties, each with an enterprise id of its own: for these the
// integration is known from their webhooks.
function accessToken(enterpriseId) {
  const all = [...integrations.values()];
  const own = all.filter((integration) => integration.enterpriseId === enterpriseId);
  const ofChain = integrations.get(integrationIds.get(enterpriseId));
  const candidates = own.length > 0 ? own : [ofChain];
  const active = candidates.find((integration) => integration?.active);
  return active?.apiKey ?? active?.accessToken;
}

// Loads the integrations that exist already from the file in MEWS_TENANTS_JSON or MEWS_TENANTS.
function loadTenants() {
  if (!TENANTS) return;
  for (const tenant of JSON.parse(readFileSync(TENANTS, "utf8")).enterprise) {
    integrations.set(tenant.integration_id, {
      enterpriseId: tenant.id,
      accessToken: tenant.access_token,
      active: true,
    });
  }
}

// Stores an entity unless a newer state is stored: responses may overtake each other.
// This is where your own work begins.
function store(enterpriseId, kind, entity) {
  const key = keyOf(enterpriseId, kind, entity.Id);
  if (deleted.has(key) || entity.DeletedUtc) remove(key);
  else if (!(updatedAt(entity) < updatedAt(entities.get(key)))) entities.set(key, entity);
}

// Removes a deleted entity; a deletion is final, whatever arrives after it.
function remove(key) {
  deleted.add(key);
  entities.delete(key);
}

const keyOf = (enterpriseId, kind, id) => `${enterpriseId}/${kind}/${id}`;

// Returns when an entity changed; these times can be compared as strings.
const updatedAt = (entity) => entity?.UpdatedUtc ?? entity?.CreatedUtc ?? "";

loadTenants();
const app = express();
app.disable("x-powered-by");
app.post("/webhooks/mews", authorise, body, receive);
app.all("/webhooks/mews", (_, response) => response.set("Allow", "POST").status(405).end());
// By default Express answers with a page that contains the stack, and logs aborted requests.
app.use((error, _request, response, _next) => {
  if (!error.status) console.error(error);
  response.status(error.status ?? 500).end();
});
app.listen(Number(PORT), HOST);
