<?php
// An example webhook receiver for Mews in PHP.
//
// It stores each message in a folder and answers at once, because Mews waits no longer than 5
// seconds (https://docs.mews.com/connector-api/events/wh-faq); work.php processes the messages.
// Both kinds of webhook arrive at the same URL.
declare(strict_types=1);

const EVENTS = [
    'ServiceOrderUpdated', 'ResourceUpdated', 'MessageAdded', 'ResourceBlockUpdated',
    'CustomerAdded', 'CustomerUpdated', 'PaymentUpdated',
];
const ACTIONS = [
    'IntegrationCreated', 'IntegrationEnabled', 'IntegrationDisabled', 'IntegrationCanceled',
    'IntegrationReinstated', 'IntegrationDeleted', 'IntegrationApiKeyCreated',
];
const MAX_BODY_SIZE = 4 * 2 ** 20; // bytes; about 40,000 events

ini_set('display_errors', '0'); // an error page would expose details to the sender
http_response_code(receive());

/** Checks the token, checks the message, and queues it; returns the status. */
function receive(): int
{
    if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/webhooks/mews') {
        return 404;
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        header('Allow: POST');
        return 405;
    }
    $token = getenv('MEWS_TOKEN'); // the secret in the URL that you register with Mews
    $queue = getenv('MEWS_QUEUE');
    if (!is_string($token) || $token === '' || !is_string($queue)) {
        error_log('MEWS_TOKEN and MEWS_QUEUE must be set');
        return 500;
    }
    $sentToken = $_GET['Token'] ?? '';
    if (!is_string($sentToken) || !hash_equals($token, $sentToken)) { // `Token[]=` makes it an array
        return 401;
    }
    // $_POST is for forms; php://input has the bytes, regardless of the content type.
    $body = file_get_contents('php://input', length: MAX_BODY_SIZE + 1);
    if (strlen($body) > MAX_BODY_SIZE) {
        return 413;
    }
    try {
        // Use arrays: an unknown property may have a name that is invalid for a PHP object.
        $valid = is_valid(json_decode($body, associative: true, flags: JSON_THROW_ON_ERROR));
    } catch (JsonException) {
        return 400;
    }
    if (!$valid) {
        return 400;
    }
    return store($queue, $body) ? 202 : 503; // after a 503 Mews retries
}

/** Returns whether a message has every property that work.php needs. */
function is_valid(mixed $message): bool
{
    if (!is_array($message)) {
        return false;
    }
    $strings = [];
    if (isset($message['Events'])) {
        if (!is_array($message['Events']) || !array_is_list($message['Events'])) {
            return false;
        }
        array_push($strings, $message['EnterpriseId'] ?? null, $message['IntegrationId'] ?? null);
        foreach ($message['Events'] as $event) {
            $strings[] = $discriminator = $event['Discriminator'] ?? null;
            if (in_array($discriminator, EVENTS, true)) { // Mews may add others at any time
                $strings[] = $event['Value']['Id'] ?? null;
            }
        }
    } else {
        $strings[] = $action = $message['Action'] ?? null;
        $data = $message['Data'] ?? null;
        if (in_array($action, ACTIONS, true)) {
            $strings[] = $data['Integration']['Id'] ?? null;
        }
        if ($action === 'IntegrationApiKeyCreated') {
            $strings[] = $data['ApiKey'] ?? null;
        }
        if ($action === 'IntegrationCreated') {
            array_push($strings, $data['Enterprise']['Id'] ?? null, $data['AccessToken'] ?? null);
        }
    }
    return array_filter($strings, is_string(...)) === $strings;
}

/** Stores a message in the queue atomically, readable only by this user: it contains secrets. */
function store(string $queue, string $body): bool
{
    umask(0077);
    $name = sprintf('%s/%.6f-%s', $queue, microtime(true), bin2hex(random_bytes(6)));
    return (is_dir($queue) || @mkdir($queue, recursive: true) || is_dir($queue))
        && file_put_contents("$name.part", $body) === strlen($body)
        && rename("$name.part", "$name.json");
}
