<?php
// Works on what receive.php has put into the folder MEWS_QUEUE, oldest first, until it is ended.
declare(strict_types=1);

// What changed, by event. Both events of a new customer name the same id: it is fetched once.
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
$integrations = []; // by integration id; keep them in a database, their keys encrypted

while (true) {
    foreach (glob(getenv('MEWS_QUEUE') . '/*.json') as $file) {
        try {
            handle(json_decode(file_get_contents($file), associative: true));
            unlink($file); // not before: a message may be handled twice, but is never lost
        } catch (Throwable $error) { // a bad message must neither end the worker nor block it
            error_log("$file could not be handled: {$error->getMessage()}");
            rename($file, "$file.bad");
        }
    }
    usleep(200_000);
}

/** Notes what a message says. It may come twice, and in any order. */
function handle(array $message): void
{
    global $changed, $integrations;
    foreach ($message['Events'] ?? [] as $event) {
        $entity = ENTITIES[$event['Discriminator']] ?? null;
        if ($entity !== null) {
            $changed[$message['EnterpriseId']][$entity][$event['Value']['Id']] = true;
        }
    }
    // Here you fetch what changed: one call for all ids of an entity.
    $action = $message['Action'] ?? null;
    $name = $message['Data']['Integration']['Id'] ?? null;
    if ($action === 'IntegrationDeleted') {
        unset($integrations[$name]);
    } elseif ($action === 'IntegrationApiKeyCreated') { // replaces the access token
        $integrations[$name]['api_key'] = $message['Data']['ApiKey'];
    } elseif (isset(ACTIVE[$action])) {
        $integrations[$name]['active'] = ACTIVE[$action];
    } elseif ($action === 'IntegrationCreated') {
        $integrations[$name]['enterprise_id'] = $message['Data']['Enterprise']['Id'];
        $integrations[$name]['access_token'] = $message['Data']['AccessToken'];
        $integrations[$name]['active'] = $message['Data']['IsEnabled'] ?? true;
    }
}
