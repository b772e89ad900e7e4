package adapters

import (
	"bytes"
	"encoding/json"
	"errors"
)

// ClusterSettings is one more server that holds tenants. It is installed like the installation's own.
type ClusterSettings struct {
	DSN            string `json:"dsn"`      // the application role's; its database is the one of tenants whose configuration names none
	OwnerDSN       string `json:"ownerDsn"` // who makes and migrates schemas there; without it no tenant is placed there from here
	ReplicaDSN     string `json:"replicaDsn"`
	MaxConnections int    `json:"connections"` // of each of its databases' pools; 0 is the installation's
}

// errClusters quotes nothing: the text holds passwords.
var errClusters = errors.New("POSTGRES_CLUSTERS cannot be read")

// ParseClusters reads servers by name from a JSON object; "" is none.
func ParseClusters(text string) (named map[string]ClusterSettings, err error) {
	named = map[string]ClusterSettings{}
	if text == "" {
		return named, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&named) != nil || decoder.More() {
		return nil, errClusters
	}
	for name, one := range named {
		if name == "" || one.DSN == "" || one.MaxConnections < 0 {
			return nil, errClusters
		}
	}
	return named, nil
}
