package adapters

import (
	"bytes"
	"encoding/json"
	"errors"
)

// ClusterSettings is a further server that holds tenants, installed like the installation's own.
type ClusterSettings struct {
	DSN            string `json:"dsn"`      // the application role's; its database is the one of tenants whose configuration names none
	OwnerDSN       string `json:"ownerDsn"` // of the role that creates and migrates schemas there; without it no tenant is placed there
	ReplicaDSN     string `json:"replicaDsn"`
	MaxConnections int    `json:"connections"` // of each of its databases' pools; 0 is the installation's
}

// ParseClusters reads servers by name from a JSON object; "" has none.
func ParseClusters(text string) (named map[string]ClusterSettings, err error) {
	named = map[string]ClusterSettings{}
	if text == "" {
		return named, nil
	}
	unreadable := errors.New("POSTGRES_CLUSTERS cannot be read") // it quotes nothing: the text holds passwords
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&named) != nil || decoder.More() {
		return nil, unreadable
	}
	for name, one := range named {
		if name == "" || one.DSN == "" || one.MaxConnections < 0 {
			return nil, unreadable
		}
	}
	return named, nil
}
