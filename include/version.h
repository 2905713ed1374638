/*
 * version.h - what this release calls itself.  Rank 0.
 */
#ifndef POSTERN_VERSION_H
#define POSTERN_VERSION_H

#define POSTERN_VERSION	"0.1.0"

#endif
