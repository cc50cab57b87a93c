// Fosite's endpoint for pushed authorization requests over net/http.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
)

// A registration with the names of RFC 7591.
type registration struct {
	ID            string              `json:"client_id"`
	Secret        string              `json:"client_secret"`
	AuthMethod    string              `json:"token_endpoint_auth_method"`
	AuthAlgorithm string              `json:"token_endpoint_auth_signing_alg"`
	Algorithm     string              `json:"request_object_signing_alg"`
	RedirectURIs  []string            `json:"redirect_uris"`
	Scope         string              `json:"scope"`
	GrantTypes    []string            `json:"grant_types"`
	ResponseTypes []string            `json:"response_types"`
	Keys          *jose.JSONWebKeySet `json:"jwks"`
}

func (r registration) client() fosite.Client {
	hashed, _ := digest{}.Hash(context.Background(), []byte(r.Secret))
	return &fosite.DefaultOpenIDConnectClient{
		DefaultClient: &fosite.DefaultClient{
			ID: r.ID, Secret: hashed, RedirectURIs: r.RedirectURIs, Scopes: strings.Fields(r.Scope),
			GrantTypes: r.GrantTypes, ResponseTypes: r.ResponseTypes,
		},
		JSONWebKeys:                       r.Keys,
		TokenEndpointAuthMethod:           r.AuthMethod,
		TokenEndpointAuthSigningAlgorithm: r.AuthAlgorithm,
		RequestObjectSigningAlgorithm:     r.Algorithm,
	}
}

// Secrets as SHA-256. Fosite's own choice is bcrypt, which takes longer than all the rest by far, on purpose: it is for
// secrets that people choose.
type digest struct{}

func (digest) Hash(_ context.Context, secret []byte) ([]byte, error) {
	sum := sha256.Sum256(secret)
	return sum[:], nil
}

func (digest) Compare(_ context.Context, hash, secret []byte) error {
	sum := sha256.Sum256(secret)
	if subtle.ConstantTimeCompare(hash, sum[:]) != 1 {
		return errors.New("not the secret")
	}
	return nil
}

// Fosite's store in memory, save for the identifiers of assertions: with each new one it looks through all that it has.
type memory struct {
	*storage.MemoryStore
	seen sync.Map
}

func (m *memory) ClientAssertionJWTValid(_ context.Context, id string) error {
	if until, ok := m.seen.Load(id); ok && until.(time.Time).After(time.Now()) {
		return fosite.ErrJTIKnown
	}
	return nil
}

func (m *memory) SetClientAssertionJWT(_ context.Context, id string, until time.Time) error {
	if _, known := m.seen.LoadOrStore(id, until); known {
		return fosite.ErrJTIKnown
	}
	return nil
}

func main() {
	listen := flag.String("listen", "", "address")
	issuer := flag.String("issuer", "", "URL")
	configuration := flag.String("config", "", "file with clients")
	flag.Parse()

	text, err := os.ReadFile(*configuration)
	if err != nil {
		log.Fatal(err)
	}
	var registrations struct {
		Clients []registration `json:"clients"`
	}
	if err := json.Unmarshal(text, &registrations); err != nil {
		log.Fatal(err)
	}
	store := &memory{MemoryStore: storage.NewMemoryStore()}
	for _, one := range registrations.Clients {
		store.Clients[one.ID] = one.client()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		log.Fatal(err)
	}
	config := &fosite.Config{
		GlobalSecret:        secret,
		ClientSecretsHasher: digest{},
		// What assertions name as their audience.
		TokenURL: *issuer,
	}
	keyOf := func(context.Context) (interface{}, error) { return key, nil }
	strategy := &compose.CommonStrategy{
		CoreStrategy:               compose.NewOAuth2HMACStrategy(config),
		OpenIDConnectTokenStrategy: compose.NewOpenIDConnectStrategy(keyOf, config),
	}
	provider := compose.Compose(config, store, strategy,
		compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2PKCEFactory, compose.OpenIDConnectExplicitFactory,
		compose.PushedAuthorizeHandlerFactory)

	http.HandleFunc("/authorize/par", func(w http.ResponseWriter, r *http.Request) {
		request, err := provider.NewPushedAuthorizeRequest(r.Context(), r)
		if err != nil {
			provider.WritePushedAuthorizeError(r.Context(), w, request, err)
			return
		}
		response, err := provider.NewPushedAuthorizeResponse(r.Context(), request, openid.NewDefaultSession())
		if err != nil {
			provider.WritePushedAuthorizeError(r.Context(), w, request, err)
			return
		}
		provider.WritePushedAuthorizeResponse(r.Context(), w, request, response)
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}
