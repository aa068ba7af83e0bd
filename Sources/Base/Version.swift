/// The product's version, as `otjob version`, the handshake and the files' `created_by` say it.
package let productVersion = "0.1.0"
