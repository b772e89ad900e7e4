package adapters

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"matcher/internal/shared/ports"
)

const (
	// maxRemoteConnections and maxRemoteRequests are beyond what one installation could give a tenant.
	maxRemoteConnections = 10_000
	maxRemoteRequests    = 1_000_000
	maxWeight            = 100
	// maxDatabaseName is PostgreSQL's: longer names are cut, and two could then be one.
	maxDatabaseName = 63
	maxRemoteText   = 4 * maxNameRunes
)

// remoteAnswer is a tenant manager's 200, in our words (ports.TenantConfig as JSON) or in the standard's own.
type remoteAnswer struct {
	ports.TenantConfig

	ID         string `json:"id"`
	TenantSlug string `json:"tenantSlug"`
	TenantName string `json:"tenantName"`
}

// remoteStatuses are the words for a status that managers use.
var remoteStatuses = map[string]ports.TenantStatus{
	"ACTIVE":    ports.TenantActive,
	"SUSPENDED": ports.TenantSuspended,
	"INACTIVE":  ports.TenantSuspended,
	"DELETED":   ports.TenantDeleted,
	"PURGED":    ports.TenantDeleted,
}

// decodeRemoteConfig takes a configuration only whole and only of the tenant that was asked about. Errors never quote
// the answer.
func decodeRemoteConfig(body []byte, tenantID string) (*ports.TenantConfig, error) {
	var answer remoteAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errors.New("its answer is no configuration")
	}
	config := answer.TenantConfig
	config.Slug, config.Name = cmp.Or(config.Slug, answer.TenantSlug), cmp.Or(config.Name, answer.TenantName)
	config.Status = remoteStatuses[strings.ToUpper(string(config.Status))]
	switch {
	case cmp.Or(config.TenantID, answer.ID) != tenantID || answer.ID != "" && answer.ID != tenantID:
		return nil, errors.New("its answer is about another tenant")
	case config.Status == "":
		return nil, errors.New("its answer has no known status")
	case config.Version < 0, config.Connections < 0, config.Connections > maxRemoteConnections,
		config.RequestsPerSecond < 0, config.RequestsPerSecond > maxRemoteRequests,
		config.Weight < 0, config.Weight > maxWeight:
		return nil, errors.New("its answer has a number out of range")
	case len(config.Database) > maxDatabaseName, len(config.Slug) > maxRemoteText, len(config.Name) > maxRemoteText,
		strings.ContainsRune(config.Database, 0):
		return nil, errors.New("its answer has a name that cannot be one")
	}
	if err := checkPlacement(&config); err != nil {
		return nil, err
	}
	config.TenantID = tenantID
	config.CreatedAt, config.UpdatedAt = config.CreatedAt.UTC(), config.UpdatedAt.UTC()
	return &config, nil
}
