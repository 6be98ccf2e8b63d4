// SPDX-License-Identifier: MIT

// Command exchange is an HTTP server and a client with many goroutines.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

func serve(addr string) error {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Write(bytes.ToUpper(body))
	})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	return http.Serve(listener, nil)
}

func ask(url string, i int) error {
	word := bytes.Repeat([]byte(fmt.Sprintf("word %d ", i)), 1000)
	reply, err := http.Post(url, "text/plain", bytes.NewReader(word))
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err == nil && !bytes.Equal(body, bytes.ToUpper(word)) {
		err = fmt.Errorf("answer %d is another", i)
	}
	return err
}

func main() {
	if os.Args[1] == "serve" {
		fmt.Println(serve(os.Args[2]))
		os.Exit(1)
	}
	var wait sync.WaitGroup
	failed := make(chan error, 50)
	for i := 0; i < 50; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			if err := ask(os.Args[2], i); err != nil {
				failed <- err
			}
		}(i)
	}
	wait.Wait()
	select {
	case err := <-failed:
		fmt.Println(err)
		os.Exit(1)
	default:
		fmt.Println("50 answers")
	}
}
