/*
 * main.c - where the system hands over.  Tests have a main() of their own, so
 * this file holds nothing else.
 */
#include "applet.h"
#include "port.h"

int
main(int argc, char **argv)
{
	port_start();
	port_exit(applet_main(argc, argv));
}
