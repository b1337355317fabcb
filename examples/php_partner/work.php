<?php
// Processes the messages that receive.php stores in the folder MEWS_QUEUE, oldest first.
declare(strict_types=1);

// The entity that each event is about. Both events of a new customer have the same id.
const ENTITIES = [
    'ServiceOrderUpdated' => 'reservations',
    'ResourceUpdated' => 'resources',
    'MessageAdded' => 'messages',
    'ResourceBlockUpdated' => 'resourceBlocks',
    'CustomerAdded' => 'customers',
    'CustomerUpdated' => 'customers',
    'PaymentUpdated' => 'payments',
];
const ACTIVE = [
    'IntegrationEnabled' => true,
    'IntegrationReinstated' => true,
    'IntegrationDisabled' => false,
    'IntegrationCanceled' => false,
];

$changed = []; // enterprise id -> entity -> ids to fetch, as keys
$integrations = []; // by integration id; store them in a database, with their keys encrypted

while (true) {
    foreach (glob(getenv('MEWS_QUEUE') . '/*.json') as $file) {
        try {
            handle(json_decode(file_get_contents($file), associative: true));
            unlink($file); // afterwards: a message may be handled twice, but is never lost
        } catch (Throwable $error) { // a bad message must neither end the worker nor block it
            error_log("$file could not be handled: {$error->getMessage()}");
            rename($file, "$file.bad");
        }
    }
    usleep(200_000);
}

/** Applies a message, which may arrive twice and in any order. */
function handle(array $message): void
{
    global $changed, $integrations;
    foreach ($message['Events'] ?? [] as $event) {
        $entity = ENTITIES[$event['Discriminator']] ?? null;
        if ($entity !== null) {
            $changed[$message['EnterpriseId']][$entity][$event['Value']['Id']] = true;
        }
    }
    // Fetch the entities here: one call for all ids of an entity.
    $action = $message['Action'] ?? null;
    $id = $message['Data']['Integration']['Id'] ?? null;
    if ($action === 'IntegrationDeleted') {
        unset($integrations[$id]);
    } elseif ($action === 'IntegrationApiKeyCreated') { // replaces the access token
        $integrations[$id]['api_key'] = $message['Data']['ApiKey'];
    } elseif (isset(ACTIVE[$action])) {
        $integrations[$id]['active'] = ACTIVE[$action];
    } elseif ($action === 'IntegrationCreated') {
        $integrations[$id]['enterprise_id'] = $message['Data']['Enterprise']['Id'];
        $integrations[$id]['access_token'] = $message['Data']['AccessToken'];
        $integrations[$id]['active'] = $message['Data']['IsEnabled'] ?? true;
    }
}
