// A webhook receiver for Mews in Express, to start from.
//
// It answers at once and works afterwards, because Mews waits no longer than 5 seconds
// (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook come to the same URL.
"use strict";

const { createHash, timingSafeEqual } = require("node:crypto");
const express = require("express");

const { MEWS_TOKEN, PORT = "8000", HOST = "127.0.0.1" } = process.env;
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

const changed = new Map(); // "enterprise id/entity" -> ids to fetch
const integrations = new Map(); // by integration id

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
      const key = `${message.EnterpriseId}/${ENTITIES.get(Discriminator)}`;
      if (!changed.has(key)) changed.set(key, new Set());
      changed.get(key).add(Value.Id);
    }
    return; // here you fetch: one call for all ids of an entity
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
    integration.active = Data.IsEnabled ?? true;
  }
}

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
