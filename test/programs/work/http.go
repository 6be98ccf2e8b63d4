// SPDX-License-Identifier: MIT
// http serve PORT | drive PORT SECONDS: a server that answers with what it was
// sent; 50 clients that send chance and compare the answers, and print how
// many there were a second.
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const clients, octets = 50, 16000

func serve(address string) {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		w.Write(body)
	})
	log.Fatal(http.ListenAndServe(address, nil))
}

func post(client *http.Client, url string, sent []byte) error {
	answer, err := client.Post(url, "application/octet-stream",
		bytes.NewReader(sent))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != 200 || !bytes.Equal(got, sent) {
		return fmt.Errorf("an answer differs, status %d", answer.StatusCode)
	}
	return nil
}

func drive(address string, seconds int) {
	chance := make([]byte, 1<<20)
	rand.Read(chance)
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: clients}}
	begun := time.Now()
	until := begun.Add(time.Duration(seconds) * time.Second)
	var requests int64
	var all sync.WaitGroup
	for i := 0; i < clients; i++ {
		all.Add(1)
		go func(at int) {
			defer all.Done()
			for time.Now().Before(until) {
				at = (at*31 + 7) % (len(chance) - octets)
				if err := post(client, "http://"+address,
					chance[at:at+octets]); err != nil {
					log.Fatal(err)
				}
				atomic.AddInt64(&requests, 1)
			}
		}(i * octets)
	}
	all.Wait()
	fmt.Println(float64(requests) / time.Since(begun).Seconds())
}

func main() {
	address := "127.0.0.1:" + os.Args[2]
	if os.Args[1] == "serve" {
		serve(address)
	}
	seconds, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	drive(address, seconds)
}
