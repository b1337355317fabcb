// An example webhook receiver for Mews in Go, with the standard library alone.
//
// It answers at once and processes messages afterwards, because Mews waits no longer than 5 seconds
// (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the same URL.
package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
	"unicode/utf8"
)

const maxBodySize = 4 << 20 // bytes; about 40,000 events

var (
	token = os.Getenv("MEWS_TOKEN") // the secret in the URL that you register with Mews
	queue = make(chan message, 10_000)
	// The events and actions that this service handles; Mews may add others at any time.
	events = set("ServiceOrderUpdated", "ResourceUpdated", "MessageAdded", "ResourceBlockUpdated",
		"CustomerAdded", "CustomerUpdated", "PaymentUpdated")
	actions = set("IntegrationCreated", "IntegrationEnabled", "IntegrationDisabled",
		"IntegrationCanceled", "IntegrationReinstated", "IntegrationDeleted",
		"IntegrationApiKeyCreated")
)

// Pointers are nil where a property is missing or null.
type entity struct{ Id *string }

type event struct {
	Discriminator *string
	Value         json.RawMessage
}

type message struct {
	EnterpriseId, IntegrationId *string
	Events                      *[]event
	Action                      *string
	Data                        json.RawMessage
}

type data struct {
	Integration, Enterprise *entity
	AccessToken, ApiKey     *string
}

func main() {
	if token == "" {
		log.Fatal("MEWS_TOKEN must be set")
	}
	go func() {
		for message := range queue {
			handle(message)
		}
	}()
	http.HandleFunc("/webhooks/mews", func(response http.ResponseWriter, request *http.Request) {
		response.WriteHeader(receive(request))
	})
	server := &http.Server{
		Addr:        net.JoinHostPort("127.0.0.1", os.Getenv("PORT")),
		ReadTimeout: 30 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

// receive checks the token, checks the message, and queues it; it returns the status.
func receive(request *http.Request) int {
	if request.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if !hasToken(request) {
		return http.StatusUnauthorized
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, request.Body, maxBodySize))
	// encoding/json replaces bytes that are not UTF-8, so they are looked for first.
	if err != nil || !utf8.Valid(body) {
		return http.StatusBadRequest
	}
	var received message
	if json.Unmarshal(body, &received) != nil || !isValid(received) {
		return http.StatusBadRequest
	}
	select {
	case queue <- received:
		return http.StatusAccepted
	default: // the queue is full: after a 503 Mews retries
		return http.StatusServiceUnavailable
	}
}

// hasToken tells whether the query has exactly the right token, in a time that does not depend on it.
func hasToken(request *http.Request) bool {
	tokens := request.URL.Query()["Token"]
	if len(tokens) != 1 {
		return false
	}
	sent, expected := sha256.Sum256([]byte(tokens[0])), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sent[:], expected[:]) == 1
}

// isValid tells whether a message has every property that handle needs.
func isValid(received message) bool {
	if received.Events != nil {
		if received.EnterpriseId == nil || received.IntegrationId == nil {
			return false
		}
		for _, event := range *received.Events {
			if event.Discriminator == nil {
				return false
			}
			var value *entity
			if events[*event.Discriminator] && (json.Unmarshal(event.Value, &value) != nil ||
				value == nil || value.Id == nil) {
				return false
			}
		}
		return true
	}
	if received.Action == nil {
		return false
	}
	if !actions[*received.Action] {
		return true
	}
	var content data
	if json.Unmarshal(received.Data, &content) != nil ||
		content.Integration == nil || content.Integration.Id == nil {
		return false
	}
	switch *received.Action {
	case "IntegrationApiKeyCreated":
		return content.ApiKey != nil
	case "IntegrationCreated":
		return content.Enterprise != nil && content.Enterprise.Id != nil && content.AccessToken != nil
	}
	return true
}

// handle handles a message, which may arrive twice and in any order. This is where your own work
// begins: fetch the changed entities from the Connector API, all ids of one kind with one request.
func handle(message) {}

func set(names ...string) map[string]bool {
	members := make(map[string]bool, len(names))
	for _, name := range names {
		members[name] = true
	}
	return members
}
