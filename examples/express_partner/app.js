// A webhook receiver for Mews in Express, to start from.
//
// It answers at once and works afterwards, because Mews waits no longer than 5 seconds
// (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook come to the same URL.
// What a message says has changed is then fetched: fetching.js says how, connector.js calls Mews.
"use strict";

const { createHash, timingSafeEqual } = require("node:crypto");
const { readFileSync } = require("node:fs");
const express = require("express");
const { Fetcher } = require("./fetching");

const { MEWS_TOKEN, MEWS_TENANTS, PORT = "8000", HOST = "127.0.0.1" } = process.env;
if (!MEWS_TOKEN) throw new Error("Set MEWS_TOKEN to the secret in the URL that you give to Mews");

// What changed, by event. Both events of a new customer name the same id: it is fetched once.
const ENTITIES = new Map([
  ["ServiceOrderUpdated", "reservations"],
  ["ResourceUpdated", "resources"],
  ["MessageAdded", "messages"],
  ["ResourceBlockUpdated", "resourceBlocks"],
  ["CustomerAdded", "customers"],
  ["CustomerUpdated", "customers"],
  ["PaymentUpdated", "payments"],
]);
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
const entities = new Map(); // by "enterprise id/kind/id"
const fetcher = new Fetcher(credential, keep);

const digest = (text) => createHash("sha256").update(text).digest(); // of one length, whatever came
const expected = digest(MEWS_TOKEN);

function authorise(request, response, next) {
  const given = request.query.Token; // a list where it is given twice
  if (typeof given === "string" && timingSafeEqual(digest(given), expected)) next();
  else response.status(401).end();
}

// Not `express.json()`: it takes 100 kB (some 1,088 events), ignores a body without a content type
// (Mews promises none), and replaces bytes that are not UTF-8, so that a broken id passes for one.
const body = express.raw({ type: () => true, limit: "4mb" });
const strictly = new TextDecoder("utf-8", { fatal: true });

function receive(request, response) {
  let message;
  try {
    message = JSON.parse(strictly.decode(request.body));
    check(message);
  } catch {
    return response.status(400).end();
  }
  setImmediate(work, message); // after the answer; a queue that outlives the process is better
  return response.status(202).end();
}

// Throws where something is missing that `handle` needs.
function check(message) {
  const texts = [];
  if (Array.isArray(message.Events)) {
    texts.push(message.EnterpriseId, message.IntegrationId);
    for (const { Discriminator, Value } of message.Events) {
      texts.push(Discriminator);
      if (ENTITIES.has(Discriminator)) texts.push(Value.Id);
    }
  } else {
    const { Action, Data } = message;
    texts.push(Action);
    if (ACTIONS.has(Action)) texts.push(Data.Integration.Id);
    if (Action === "IntegrationApiKeyCreated") texts.push(Data.ApiKey);
    if (Action === "IntegrationCreated") texts.push(Data.Enterprise.Id, Data.AccessToken);
  }
  if (!texts.every((text) => typeof text === "string")) throw new TypeError();
}

function work(message) {
  try {
    handle(message);
  } catch (error) {
    console.error("A message could not be handled", error);
  }
}

// Notes what a message says. It may come twice, and in any order.
function handle(message) {
  if (message.Events) {
    for (const { Discriminator, Value } of message.Events) {
      if (!ENTITIES.has(Discriminator)) continue; // Mews may add others at any time
      fetcher.note(message.EnterpriseId, ENTITIES.get(Discriminator), [Value.Id]);
    }
    return;
  }
  const { Action, Data } = message;
  if (!ACTIONS.has(Action)) return;
  const name = Data.Integration.Id;
  const integration = integrations.get(name) ?? {};
  integrations.set(name, integration);
  if (Action === "IntegrationDeleted") integrations.delete(name);
  else if (ACTIVE.has(Action)) integration.active = ACTIVE.get(Action);
  else if (Action === "IntegrationApiKeyCreated") integration.apiKey = Data.ApiKey; // the new token
  else {
    integration.enterpriseId = Data.Enterprise.Id;
    integration.accessToken = Data.AccessToken;
    integration.active = Data.IsEnabled !== false; // missing or null is no word for it
  }
  fetcher.wake(integration.enterpriseId); // events may have come before the access token did
}

// Gives the access token of an enterprise; nothing while it is not connected, or switched off.
function credential(enterpriseId) {
  for (const each of integrations.values()) {
    if (each.enterpriseId === enterpriseId && each.active) return each.apiKey ?? each.accessToken;
  }
  return undefined;
}

// Reads the integrations that exist already from the file that MEWS_TENANTS names.
function connectKnown() {
  if (!MEWS_TENANTS) return;
  for (const each of JSON.parse(readFileSync(MEWS_TENANTS, "utf8")).enterprise) {
    const known = { enterpriseId: each.id, accessToken: each.access_token, active: true };
    integrations.set(each.integration_id, known);
  }
}

// Keeps an entity unless a newer state of it is here: answers may overtake each other.
// Here your own work begins.
function keep(enterpriseId, kind, entity) {
  const key = `${enterpriseId}/${kind}/${entity.Id}`;
  if (!(changed(entity) < changed(entities.get(key)))) entities.set(key, entity);
}

// When an entity changed; these datetimes compare as text.
const changed = (entity) => entity?.UpdatedUtc ?? entity?.CreatedUtc ?? "";

connectKnown();
const app = express();
app.disable("x-powered-by");
app.post("/webhooks/mews", authorise, body, receive);
app.all("/webhooks/mews", (_, response) => response.set("Allow", "POST").status(405).end());
// Express would answer a page with the stack in it, and write to the log what a client broke off.
app.use((error, _request, response, _next) => {
  if (!error.status) console.error(error);
  response.status(error.status ?? 500).end();
});
app.listen(Number(PORT), HOST);
