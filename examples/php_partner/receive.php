<?php
// A webhook receiver for Mews in PHP, to start from.
//
// It answers at once, because Mews waits no longer than 5 seconds
// (https://docs.mews.com/connector-api/events/wh-faq): what came is put into a folder, and work.php
// works on it. Both kinds of webhook come to the same URL.
declare(strict_types=1);

const EVENTS = [
    'ServiceOrderUpdated', 'ResourceUpdated', 'MessageAdded', 'ResourceBlockUpdated',
    'CustomerAdded', 'CustomerUpdated', 'PaymentUpdated',
];
const ACTIONS = [
    'IntegrationCreated', 'IntegrationEnabled', 'IntegrationDisabled', 'IntegrationCanceled',
    'IntegrationReinstated', 'IntegrationDeleted', 'IntegrationApiKeyCreated',
];
const LIMIT = 4 * 2 ** 20; // bytes; some 40,000 events

ini_set('display_errors', '0'); // an error page would tell the caller what is none of its business
http_response_code(answer());

/** Checks who it is, checks that it can be read, and queues it; gives the status. */
function answer(): int
{
    if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/webhooks/mews') {
        return 404;
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        header('Allow: POST');
        return 405;
    }
    $token = getenv('MEWS_TOKEN'); // the secret in the URL that you give to Mews
    $queue = getenv('MEWS_QUEUE');
    if (!is_string($token) || $token === '' || !is_string($queue)) {
        error_log('MEWS_TOKEN and MEWS_QUEUE must be set');
        return 500;
    }
    $given = $_GET['Token'] ?? '';
    if (!is_string($given) || !hash_equals($token, $given)) { // `Token[]=` would make it a list
        return 401;
    }
    // Not $_POST, which is for forms; php://input has the bytes whatever the content type.
    $body = file_get_contents('php://input', length: LIMIT + 1);
    if (strlen($body) > LIMIT) {
        return 413;
    }
    try {
        // Arrays, not objects: an unknown property may bear a name that no PHP object can have.
        $usable = usable(json_decode($body, associative: true, flags: JSON_THROW_ON_ERROR));
    } catch (JsonException) {
        return 400;
    }
    if (!$usable) {
        return 400;
    }
    return store($queue, $body) ? 202 : 503; // after a 503 Mews sends it again
}

/** Tells whether everything is there that work.php needs. */
function usable(mixed $message): bool
{
    if (!is_array($message)) {
        return false;
    }
    $texts = [];
    if (isset($message['Events'])) {
        if (!is_array($message['Events']) || !array_is_list($message['Events'])) {
            return false;
        }
        array_push($texts, $message['EnterpriseId'] ?? null, $message['IntegrationId'] ?? null);
        foreach ($message['Events'] as $event) {
            $texts[] = $name = $event['Discriminator'] ?? null;
            if (in_array($name, EVENTS, true)) { // Mews may add others at any time
                $texts[] = $event['Value']['Id'] ?? null;
            }
        }
    } else {
        $texts[] = $action = $message['Action'] ?? null;
        $data = $message['Data'] ?? null;
        if (in_array($action, ACTIONS, true)) {
            $texts[] = $data['Integration']['Id'] ?? null;
        }
        if ($action === 'IntegrationApiKeyCreated') {
            $texts[] = $data['ApiKey'] ?? null;
        }
        if ($action === 'IntegrationCreated') {
            array_push($texts, $data['Enterprise']['Id'] ?? null, $data['AccessToken'] ?? null);
        }
    }
    return array_filter($texts, is_string(...)) === $texts;
}

/** Puts a message into the queue, whole or not at all, readable to nobody else: it has secrets. */
function store(string $queue, string $body): bool
{
    umask(0077);
    $name = sprintf('%s/%.6f-%s', $queue, microtime(true), bin2hex(random_bytes(6)));
    return (is_dir($queue) || @mkdir($queue, recursive: true) || is_dir($queue))
        && file_put_contents("$name.part", $body) === strlen($body)
        && rename("$name.part", "$name.json");
}
